"""Decisions that are only looked at: no model is called, nothing is stored, no budget is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from accounts.models import Organisation, User
from routing.classifier import load_classifier
from routing.engine.classify import classify
from routing.engine.decide import decide
from routing.engine.record import Asked
from routing.engine.rules import first_match
from routing.engine.values import (
    Decision,
    Incumbent,
    Policy,
    Preference,
    Reading,
    Request,
    Rule,
    Turn,
)
from routing.policy import AUTO
from routing.snapshot import Snapshot, take_snapshot

ASKED: Asked = {"model": AUTO, "preference": "", "pool": None, "fallback": True, "surface": "chat"}


@dataclass(frozen=True, slots=True)
class Trial:
    """What Auto would weigh for this person and request."""

    request: Request
    reading: Reading
    snapshot: Snapshot
    incumbent: Incumbent | None = None

    @property
    def policy(self) -> Policy:
        return replace(self.snapshot.policy, excluded=self.snapshot.excluded)

    def under(self, policy: Policy) -> Decision:
        return decide(self.reading, self.request, self.snapshot.candidates, policy, self.incumbent)

    def preferring(self, preference: Preference) -> Decision:
        return self.under(replace(self.policy, preference=preference))

    def with_rules(self, policy: Policy, rules: Sequence[Rule]) -> tuple[int | None, Decision]:
        """The number of the first of these rules that holds, counted from 1, and the decision by them alone."""
        policy = replace(policy, rules=tuple(rules))
        match = first_match(self.reading, self.request, policy)
        numbers = (number for number, rule in enumerate(rules, start=1) if rule is match)
        return next(numbers, None), self.under(policy)


def try_out(
    user: User, organisation: Organisation, request: Request, incumbent: Incumbent | None = None
) -> Trial:
    reading = classify(load_classifier(), request)
    return Trial(request, reading, take_snapshot(user, organisation, ASKED), incumbent)


def message(text: str) -> Request:
    return Request(turns=(Turn("user", text),))
