"""Makes routing/weights/classifier.npz: `python -m routing.training.train [--development-data DIR]`.

A single message is fitted once per fold of author batches, so that levels, follow-ups and temperature are fitted on
readings of prompts that the first step has not seen, and once on everything.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from routing.classifier import WEIGHTS
from routing.engine.build import BUILD
from routing.engine.classify import COLUMNS, KINDS, OUTPUTS, Classifier
from routing.engine.features import BUCKETS
from routing.engine.values import CATEGORIES
from routing.training.data import SEED, Material, read_material
from routing.training.difficulty import fit_exams
from routing.training.fit import LEVEL_WORD_SCALE, fit_temperature, split_weights
from routing.training.steps import (
    Unseen,
    fit_follow_ups,
    fit_messages,
    unseen_categories,
    with_unseen_levels,
)

Floats = npt.NDArray[np.float64]
VERSION_DATE = "2026-11-21"


def train(material: Material, development: Path | None) -> tuple[Classifier, Unseen]:
    """Also the readings of the rows by weights that had not seen them."""
    categories = unseen_categories(material)
    ours = judged_singles(material)
    temperature = fit_temperature(
        categories.last[ours], [material.examples[at].category for at in ours]
    )
    unseen, levels = with_unseen_levels(material, categories, temperature)
    follow_up = fit_follow_ups(material, unseen)
    words, build = np.zeros((BUCKETS, COLUMNS)), np.zeros((len(BUILD), COLUMNS))
    words[:, :KINDS], build[:, :KINDS] = split_weights(fit_messages(material.examples, SEED))
    end = BUCKETS + len(BUILD)
    words[:, KINDS:OUTPUTS] = levels[:BUCKETS] * LEVEL_WORD_SCALE
    build[:, KINDS:OUTPUTS] = levels[BUCKETS:end]
    build[0, KINDS:OUTPUTS] += levels[-1]
    if development is None:
        words[:, OUTPUTS], build[:, OUTPUTS] = words[:, KINDS], build[:, KINDS]
    else:
        words[:, OUTPUTS], build[:, OUTPUTS] = fit_exams(development)
    halved = words.astype(np.float16)
    classifier = Classifier(
        version=f"{VERSION_DATE}-{crc32(halved.tobytes()):08x}",
        words=halved.astype(np.float32),
        build=build.astype(np.float32),
        levels=levels[end:-1].astype(np.float32),
        follow_up=follow_up.astype(np.float32),
        temperature=temperature,
    )
    return classifier, unseen


def judged_singles(material: Material) -> list[int]:
    return [
        at
        for at, row in enumerate(material.examples)
        if row.difficulty is not None and not row.is_follow_up
    ]


def save(classifier: Classifier, path: Path = WEIGHTS) -> None:
    np.savez_compressed(
        path,
        version=np.array(classifier.version),
        words=classifier.words.astype(np.float16),
        build=classifier.build,
        levels=classifier.levels,
        follow_up=classifier.follow_up,
        temperature=np.array(classifier.temperature),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the classifier of the engine.")
    parser.add_argument("--development-data", type=Path, default=None)
    parser.add_argument("--output", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    material = read_material(options.development_data)
    classifier, unseen = train(material, options.development_data)
    save(classifier, options.output)
    ours = judged_singles(material)
    right = [
        CATEGORIES[int(unseen.last[at, :KINDS].argmax())] == material.examples[at].category
        for at in ours
    ]
    print(
        f"{classifier.version}: {len(material.examples)} rows, temperature {classifier.temperature:.3f}"
    )
    print(
        f"{np.mean(right):.3f} of {len(ours)} single messages right in the fold that held them out"
    )


if __name__ == "__main__":
    main()
