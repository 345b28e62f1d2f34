"""The trained weights that the package ships, as a value of the engine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from routing.engine.classify import Classifier

WEIGHTS = Path(__file__).parent / "weights" / "classifier.npz"


@lru_cache(maxsize=1)
def load_classifier() -> Classifier:
    """Reads the weights file once per process."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return Classifier(
            version=str(stored["version"]),
            words=stored["words"].astype(np.float32),
            build=stored["build"],
            levels=stored["levels"],
            follow_up=stored["follow_up"],
            temperature=float(stored["temperature"]),
        )
