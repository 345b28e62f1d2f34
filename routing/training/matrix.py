"""Texts as rows of a sparse matrix: the hashed features, then the figures of the build."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse

from routing.engine.build import BUILD
from routing.engine.features import BUCKETS, read_text

# The figures of the build lie around 1 and are few; scaled down they are held back by regularisation as words are.
BUILD_SCALE = 0.7
COLUMNS = BUCKETS + len(BUILD)


def text_matrix(texts: Sequence[str]) -> sparse.csr_matrix:
    """(len(texts), COLUMNS)."""
    columns, values, starts = [], [], [0]
    build_columns = np.arange(BUCKETS, COLUMNS, dtype=np.int32)
    for text in texts:
        features = read_text(text)
        columns += [features.ids.astype(np.int32), build_columns]
        values += [features.values, features.build * BUILD_SCALE]
        starts.append(starts[-1] + len(features.ids) + len(BUILD))
    matrix = sparse.csr_matrix(
        (np.concatenate(values), np.concatenate(columns), np.array(starts)),
        shape=(len(texts), COLUMNS),
        dtype=np.float32,
    )
    matrix.sum_duplicates()
    return matrix
