from __future__ import annotations

import json

from routing.evaluation.report import (
    Figure,
    Goal,
    Heading,
    Line,
    Matrix,
    Picture,
    Section,
    Table,
    as_json,
    as_markdown,
)

HEADING = Heading(
    "2026-11-21", "python manage.py evaluate_routing", "c-1", "1.0", "here", ("Said.",)
)
FIGURE = Figure(0.5, 0.4, 0.6)
SECTIONS = [
    Section(
        "One",
        (
            Goal("ahead", FIGURE, ">", 0.5),
            Goal("level", FIGURE, ">=", 0.5),
            Goal("quick", FIGURE, "<=", 0.6, "ms"),
        ),
        (Table("T", "A note.", ("who", "how"), (("a", FIGURE), ("b", None), ("c", 32.55))),),
        (
            Picture("p", "P", ("x", "y"), (Line("l", [0.0], [1.0]),)),
            Matrix("m", "M", ("x", "y"), ("a",), ((1,),)),
        ),
    )
]


def test_goals_say_whether_they_are_met():
    assert [goal.is_met for goal in SECTIONS[0].goals] == [False, True, True]


def test_a_row_behind_its_goal_stays_in_the_table():
    told = as_markdown(HEADING, SECTIONS)
    assert "| ahead | 0.500 (0.400 to 0.600) | > 0.5 | no |" in told
    assert "| quick | 0.500 (0.400 to 0.600) ms | <= 0.6 | yes |" in told
    assert "| b | - |" in told
    assert "| c | 32.5 |" in told


def test_only_pictures_that_were_drawn_are_linked():
    assert ".png" not in as_markdown(HEADING, SECTIONS)
    told = as_markdown(HEADING, SECTIONS, drawn=["p"])
    assert "![P](p.png)" in told
    assert "m.png" not in told


def test_the_same_figures_as_json():
    told = json.loads(json.dumps(as_json(HEADING, SECTIONS)))
    assert told["goals"][0] == {
        "name": "ahead", "value": 0.5, "low": 0.4, "high": 0.6, "unit": "", "goal": "> 0.5", "met": False,
    }  # fmt: skip
    assert told["tables"][0]["rows"][0] == ["a", {"value": 0.5, "low": 0.4, "high": 0.6}]
    assert told["held_out"] == ["Said."]
