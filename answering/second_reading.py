"""Asks a cheap approved model what kind of message it is, where the classifier is unsure and the organisation wants that.

The answer to the message never hangs on it: after `PATIENCE_S`, or after any failure, the classifier's reading stands.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from accounts.endpoints import EndpointGoneError, reached
from accounts.models import Organisation
from accounts.provider_keys import KeyUnavailableError
from answering.connections import provider_client
from providers.clocks import Clocks
from providers.errors import ProviderError
from providers.events import TextDelta, Usage
from providers.request import Endpoint, Message, ModelRequest, TextPart
from providers.secret import SecretStr
from routing.decisions import Prepared
from routing.engine.values import CATEGORY_NAMES, Candidate
from routing.health import health, model_scope
from routing.policy import AUTO
from routing.setup import setup_of

PATIENCE_S = 0.8
CLOCKS = Clocks(connect_s=PATIENCE_S, head_s=PATIENCE_S, first_content_s=PATIENCE_S,
                gap_s=PATIENCE_S, total_s=PATIENCE_S)  # fmt: skip
ANSWER_TOKENS = 20
# The kind of a message shows in its beginning, and a follow-up's in the turn before.
MESSAGE_CHARACTERS = 2000
TURN_CHARACTERS = 600

KINDS = "\n".join(f"{id_}: {name}" for id_, name in CATEGORY_NAMES.items())
INSTRUCTION = (
    "Somebody wrote the text below to a chat assistant. Do not answer it. Say which kind of task "
    f"the last message is, with one id of this list and nothing else:\n{KINDS}"
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is asked, and what with."""

    candidate: Candidate
    endpoint: Endpoint
    api_key: SecretStr | None
    question: str

    @property
    def scope(self) -> str:
        """Its own breaker: too slow for this is not too slow for an answer."""
        candidate = self.candidate
        scope = model_scope(candidate.credential, candidate.endpoint, candidate.card.id)
        return f"reading {scope}"


@dataclass(slots=True)
class Word:
    """What came of it. `outcome`: "answered", "unclear" (no id in it), "late", "failed", or "" when it was stopped."""

    reader: Reader
    started_at: datetime = field(default_factory=timezone.now)
    ended_at: datetime | None = None
    text: str = ""
    usage: Usage | None = None
    outcome: str = ""

    @property
    def category(self) -> str:
        words = re.findall(r"[a-z]+", self.text.lower())
        return next((word for word in words if word in CATEGORY_NAMES), "")


def reader_for(organisation: Organisation, prepared: Prepared) -> Reader | None:
    """Whom to ask about this message; None nearly always: the classifier is sure, or nobody may be asked.

    Call it right before `ask`, since an open breaker lets one call through, or else `not_asked`. The text goes to nobody who might not answer it: what a gate or a rule refuses is not asked either.
    """
    if prepared.call.asked["model"] != AUTO:
        return None
    policy = setup_of(prepared.call.user, organisation).theirs
    sure = prepared.reading.categories[prepared.reading.category]
    if not policy.reader_model or sure >= policy.reader_below:
        return None
    candidate = _admitted(prepared, policy.reader_model)
    if candidate is None or candidate.closed:
        return None
    try:
        endpoint, api_key = reached(organisation, candidate.endpoint, candidate.credential)
    except (EndpointGoneError, KeyUnavailableError):
        return None
    reader = Reader(candidate, endpoint, api_key, _question(prepared))
    return reader if health.may_try(reader.scope) else None


def not_asked(reader: Reader) -> None:
    """The next may be the one that is let through."""
    health.gave_up(reader.scope)


async def ask(word: Word) -> None:
    """Fill in what it says. Raises nothing but `CancelledError`."""
    scope = word.reader.scope
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _listen(word)
        word.outcome = "answered" if word.category else "unclear"
        health.succeeded(scope)
    except TimeoutError:
        word.outcome = "late"
        health.failed(scope, counts=1)
    except ProviderError as error:
        word.outcome, word.usage = "failed", error.usage or word.usage
        health.failed(scope, counts=1)
    except asyncio.CancelledError:
        health.gave_up(scope)
        raise
    finally:
        word.ended_at = timezone.now()


async def _listen(word: Word) -> None:
    reader = word.reader
    stream = provider_client().stream(reader.endpoint, _request(reader), reader.api_key, CLOCKS)
    async with aclosing(stream) as events:
        async for event in events:
            match event:
                case TextDelta(text):
                    word.text += text
                case Usage():
                    word.usage = event


def _request(reader: Reader) -> ModelRequest:
    card = reader.candidate.card
    return ModelRequest(
        model=card.provider_model,
        messages=(
            Message("system", (TextPart(INSTRUCTION),)),
            Message("user", (TextPart(reader.question),)),
        ),
        max_output_tokens=ANSWER_TOKENS,
        reasoning_effort="none" if "reasoning" in card.capabilities else None,
    )


def _admitted(prepared: Prepared, model_id: str) -> Candidate | None:
    """By the same gates as an answer, but for the floor: it is no answer that is asked for."""
    decision = prepared.decision
    fitting = [each.candidate for each in decision.candidates if each.candidate.card.id == model_id]
    refused = {each.code for each in decision.rejected if each.model == model_id}
    if not fitting and refused == {"below_floor"}:
        fitting = [each for each in prepared.candidates if each.card.id == model_id]
    return fitting[0] if fitting else None


def _question(prepared: Prepared) -> str:
    *before, last = prepared.call.request.turns
    earlier = [f"[{turn.role}] {turn.text[:TURN_CHARACTERS]}" for turn in before[-2:]]
    return "\n\n".join([*earlier, f"[last message] {last.text[:MESSAGE_CHARACTERS]}"])
