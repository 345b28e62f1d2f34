"""Candidates and a decision over them, in an order that the test chooses."""

from __future__ import annotations

from dataclasses import replace

from accounts.models import Organisation, User
from answering.request import AnswerRequest
from routing.engine.values import Candidate, Decision, Payer, Scored
from tests.routing.engine.market import choose, make_candidate, make_card


def candidate(
    model: str = "acme/one", credential: str | None = "org:1", payer: Payer = "organisation", **card
) -> Candidate:
    return make_candidate(make_card(model, **card), credential=credential, payer=payer)


def decision(*candidates: Candidate) -> Decision:
    ranked = tuple(
        Scored(each, rank, 0.9, 0.01, 1.0, 0.5, 1.0 - rank / 100)
        for rank, each in enumerate(candidates, 1)
    )
    return replace(
        choose(candidates=[]), chosen=ranked[0] if ranked else None, fallbacks=ranked[1:]
    )


def request(*, organisation_may_pay: bool = True) -> AnswerRequest:
    organisation = Organisation(auto_fallback_to_organisation_key=organisation_may_pay)
    return AnswerRequest(
        user=User(),
        organisation=organisation,
        asked={
            "model": "auto", "preference": "", "pool": None, "fallback": True, "surface": "chat",
        },
        messages=(),
        said=0,
    )  # fmt: skip
