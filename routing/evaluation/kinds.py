"""How often the category is right, which are confused, and whether the shares can be believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from routing.engine.classify import Classifier
from routing.engine.values import CATEGORIES
from routing.evaluation.calibration import calibration_error_of, diagonal, reliability_line
from routing.evaluation.frontier import read_all
from routing.evaluation.intervals import Floats, mean_of
from routing.evaluation.report import Cell, Goal, Matrix, Picture, Section, Table
from routing.evaluation.sets import Labelled

# Least accuracy asked for, by set; the others are told without a goal.
GOALS = {"MT-Bench and Vicuna first turns": 0.85, "Hebrew prompts": 0.90}


class Read(NamedTuple):
    """`shares`: (prompts, 13); `right`: 1.0 where the likeliest category is the labelled one."""

    labels: tuple[str, ...]
    found: tuple[str, ...]
    shares: Floats
    right: Floats


def kinds(classifier: Classifier, sets: Mapping[str, Labelled]) -> Section:
    read = {name: _read(classifier, rows) for name, rows in sets.items()}
    goals = tuple(
        Goal(f"{name}: category accuracy", mean_of(read[name].right), ">=", least)
        for name, least in GOALS.items()
        if name in read
    )
    lines = tuple(
        reliability_line(name, each.shares.max(axis=1), each.right) for name, each in read.items()
    )
    picture = Picture(
        "categories_calibration",
        "Share of the likeliest category, and how often it is right",
        ("share told", "right"),
        (*lines, diagonal()),
    )
    return Section(
        "Categories",
        goals,
        (_accuracies(read), _recalls(read)),
        (picture, *(_confusion(name, each) for name, each in read.items())),
    )


def _read(classifier: Classifier, rows: Labelled) -> Read:
    readings = read_all(classifier, rows.requests)
    found = tuple(reading.category for reading in readings)
    shares = np.array([[reading.categories[name] for name in CATEGORIES] for reading in readings])
    right = np.array(
        [float(one == other) for one, other in zip(found, rows.categories, strict=True)]
    )
    return Read(rows.categories, found, shares, right)


def _accuracies(read: Mapping[str, Read]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            len(each.labels),
            mean_of(each.right),
            mean_of(_within_two(each)),
            calibration_error_of(each.shares.max(axis=1), each.right),
        )
        for name, each in read.items()
    ]
    return Table(
        "Accuracy and calibration of the categories",
        "Calibration error: mean distance between the share of the likeliest category and how often it is right.",
        ("set", "prompts", "right", "right among the two likeliest", "calibration error"),
        tuple(rows),
    )


def _within_two(read: Read) -> Floats:
    likeliest = np.argsort(-read.shares, axis=1, kind="stable")[:, :2]
    places = np.array([CATEGORIES.index(label) for label in read.labels])
    within: Floats = (likeliest == places[:, None]).any(axis=1).astype(np.float64)
    return within


def _recalls(read: Mapping[str, Read]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (category, *(_recall(each, category) for each in read.values())) for category in CATEGORIES
    ]
    return Table("Right of each category", "", ("category", *read), tuple(rows))


def _recall(read: Read, category: str) -> str:
    here = [
        right for right, label in zip(read.right, read.labels, strict=True) if label == category
    ]
    return f"{sum(here):.0f} of {len(here)}" if here else "-"


def _confusion(name: str, read: Read) -> Matrix:
    counts = np.zeros((len(CATEGORIES), len(CATEGORIES)), dtype=int)
    for label, found in zip(read.labels, read.found, strict=True):
        counts[CATEGORIES.index(label), CATEGORIES.index(found)] += 1
    return Matrix(
        f"confusion_{re.sub(r'[^a-z]+', '_', name.lower())}",
        f"{name}: labelled (rows) and found (columns)",
        ("found", "labelled"),
        CATEGORIES,
        tuple(tuple(row) for row in counts.tolist()),
    )
