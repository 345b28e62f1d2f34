"""How the models that an organisation reaches are doing, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from answering import fallback_matrix
from providers.errors import FailureClass
from routing.cards import provider_name
from routing.engine.record import Asked
from routing.engine.values import Candidate
from routing.health import credential_scope, health, model_scope, provider_scope
from routing.models import Attempt
from routing.snapshot import take_snapshot

WINDOW = timedelta(hours=24)
FAILURES_SHOWN = 3
# A first token that takes twice as long as the catalogue says, and long enough to be felt.
SLOW_FACTOR = 2.0
SLOW_S = 2.0

# A call that our own restart cut short says nothing about the model.
OF_THE_MODEL = Q(outcome=Attempt.Outcome.FAILED, failure__in=[each.value for each in FailureClass])

ANYTHING: Asked = {
    "model": "auto", "preference": "", "pool": None, "fallback": True, "surface": "chat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LastFailure:
    """`at` is the last of so many `times`."""

    at: datetime
    words: str
    times: int


@dataclass(frozen=True, slots=True)
class Failed:
    """As it is stored, in nobody's language."""

    at: datetime
    failure: str
    times: int

    def told(self, model_name: str) -> LastFailure:
        words = fallback_matrix.words(FailureClass(self.failure), model_name)
        return LastFailure(self.at, words, self.times)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """`level` is "good", "poor" or "down"; speeds are None until they have been measured."""

    name: str
    provider_name: str
    level: str
    words: str
    calls: int
    first_token_s: float | None
    tokens_per_s: float | None
    failures: list[LastFailure]


@dataclass(frozen=True, slots=True)
class Calls:
    total: int = 0
    failed: int = 0

    @property
    def failed_percent(self) -> int:
        return round(100 * self.failed / self.total) if self.total else 0


def models_status(user: User, organisation: Organisation) -> list[ModelStatus]:
    """The approved models that this person reaches, whichever way; calls are everybody's."""
    ways: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in take_snapshot(user, organisation, ANYTHING).candidates:
        ways[candidate.card.id].append(candidate)
    attempts = Attempt.objects.filter(
        decision__organisation=organisation,
        started_at__gte=timezone.now() - WINDOW,
        number__gt=Attempt.SECOND_READING,
    )
    calls, failures = _calls(attempts), _failures(attempts)
    found = [_status(ways[id_], calls.get(id_, Calls()), failures[id_]) for id_ in ways]
    return sorted(found, key=lambda status: (status.provider_name, status.name))


def _status(ways: list[Candidate], calls: Calls, failures: list[Failed]) -> ModelStatus:
    card = ways[0].card
    speed = next((way.speed for way in ways if way.speed), None)
    first_token_s = speed.first_token_s if speed else None
    is_slow = first_token_s is not None and first_token_s > max(
        SLOW_S, SLOW_FACTOR * card.first_token_s
    )
    again_at = _again_at(ways)
    said = [_("slow")] if is_slow else []
    if calls.failed_percent:
        said.append(_("%(percent)s %% errors") % {"percent": calls.failed_percent})
    if again_at:
        said.append(_("closed until %(time)s") % {"time": _time(again_at)})
    elif _on_probation(ways):
        said.append(_("tried again with the next message"))
    return ModelStatus(
        name=card.name,
        provider_name=provider_name(card.provider),
        level="down" if again_at else "poor" if said else "good",
        words=", ".join(said) or (_("works") if calls.total else _("not called lately")),
        calls=calls.total,
        first_token_s=first_token_s,
        tokens_per_s=speed.tokens_per_s if speed else None,
        failures=[failed.told(card.name) for failed in failures],
    )


def _again_at(ways: Iterable[Candidate]) -> datetime | None:
    """When the first way opens again; None when one is open now."""
    closed = [[at for at in _openings(way) if at > timezone.now()] for way in ways]
    return min(map(max, closed)) if all(closed) else None


def _on_probation(ways: Iterable[Candidate]) -> bool:
    """Each failed, and nobody has called since its time was over."""
    return all(map(_openings, ways))


def _openings(way: Candidate) -> list[datetime]:
    openings = health.openings()
    return [openings[scope].again_at for scope in _scopes(way) if scope in openings]


def _scopes(way: Candidate) -> tuple[str, str, str]:
    return (
        credential_scope(way.credential, way.endpoint),
        model_scope(way.credential, way.endpoint, way.card.id),
        provider_scope(way.endpoint),
    )


def _calls(attempts: QuerySet[Attempt]) -> dict[str, Calls]:
    counted = (
        attempts.order_by()
        .values("model_id")
        .annotate(total=Count("id"), failed=Count("id", filter=OF_THE_MODEL))
    )
    return {row["model_id"]: Calls(row["total"], row["failed"]) for row in counted}


def _failures(attempts: QuerySet[Attempt]) -> defaultdict[str, list[Failed]]:
    """Each kind once, the latest first."""
    counted = (
        attempts.filter(OF_THE_MODEL)
        .values("model_id", "failure")
        .annotate(last=Max("started_at"), times=Count("id"))
        .order_by("-last")
    )
    failures: defaultdict[str, list[Failed]] = defaultdict(list)
    for row in counted:
        if len(failures[row["model_id"]]) < FAILURES_SHOWN:
            failures[row["model_id"]].append(Failed(row["last"], row["failure"], row["times"]))
    return failures


def _time(at: datetime) -> str:
    return time_format(timezone.localtime(at), "H:i")
