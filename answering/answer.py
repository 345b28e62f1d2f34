"""One answer, from the decision to the ledger. Chat journals its events, the API serialises them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing

from django.conf import settings

from accounts.endpoints import EndpointGoneError
from accounts.provider_keys import KeyUnavailableError
from answering import attempts, reports
from answering.connections import provider_client
from answering.decision import Decided, decide_for
from answering.hops import CandidateWithdrawnError
from answering.prompt_fit import fit
from answering.request import (
    Answered,
    AnswerEvent,
    AnswerInterruptedError,
    AnswerRequest,
    AttemptFailed,
    AttemptStarted,
    DecisionMade,
    NoModelLeftError,
)
from answering.threads import in_thread, kept_in_thread, to_its_end, undone_if_cancelled
from answering.walk import Walk
from providers.clocks import clocks_for
from providers.errors import ProviderError
from providers.request import ModelRequest
from routing.engine.values import Candidate
from routing.models import Attempt
from usage.budgets import BudgetExhaustedError


async def answer(request: AnswerRequest) -> AsyncGenerator[AnswerEvent, None]:
    """Decide, then walk the candidates until one answers.

    Yields DecisionMade first, then what happens in order, and Answered last. Raises
    NoModelLeftError when no text was given, AnswerInterruptedError when it broke after text.
    Closing the generator, or cancelling its task, closes the call to the provider and books it.
    """
    decided = await decide_for(request)
    yield DecisionMade(decided.id, decided.receipt)
    walk = Walk(request, decided.decision, may_retry=reports.may_retry)
    while (attempt := await _next_attempt(request, decided, walk)) is not None:
        card = attempt.candidate.card
        chosen = decided.decision.chosen
        reports.chosen_instead(chosen and chosen.candidate, attempt, walk.why_another)
        try:
            async with aclosing(_attempt(request, decided, attempt)) as events:
                async for event in events:
                    yield event
                    if isinstance(event, Answered):
                        return
        except ProviderError as error:
            words = reports.failed(attempt, error)
            if error.after_text:
                raise AnswerInterruptedError(error.failure, words) from error
            yield AttemptFailed(walk.number, card.id, card.name, error.failure, words)
            await asyncio.sleep(walk.failed(error, words, random.random()))  # noqa: S311
    raise NoModelLeftError(walk.failure, walk.summary())


async def _next_attempt(
    request: AnswerRequest, decided: Decided, walk: Walk
) -> attempts.OpenAttempt | None:
    """The next call that may be made, opened; None when there is nothing left to try."""
    while (candidate := walk.next_candidate()) is not None:
        is_probe = not walk.is_granted and reports.let_through(candidate)
        # What was decided for although it is failing (nothing else was left) is tried.
        if walk.has_another and not (is_probe or walk.is_granted or candidate.closed):
            walk.closed()
            continue
        try:
            with reports.given_back_unless_called(candidate, is_probe=is_probe):
                attempt = await _opened(request, decided, candidate, walk)
                attempt.is_probe, attempt.without = is_probe, walk.without
                return attempt
        except CandidateWithdrawnError as error:
            walk.withdrawn(str(error))
        except (EndpointGoneError, KeyUnavailableError):
            walk.withdrawn()
        except BudgetExhaustedError as error:
            walk.over_budget(error)
    return None


async def _opened(
    request: AnswerRequest, decided: Decided, candidate: Candidate, walk: Walk
) -> attempts.OpenAttempt:
    opening = in_thread(attempts.open_attempt, request, decided, candidate, walk.place())
    attempt = await undone_if_cancelled(opening, _closed_unused)
    walk.opened()
    return attempt


async def _closed_unused(attempt: attempts.OpenAttempt) -> None:
    """Booked as any other."""
    await kept_in_thread(attempts.close_attempt, attempt, Attempt.Outcome.STOPPED, 0)


async def _attempt(
    request: AnswerRequest, decided: Decided, attempt: attempts.OpenAttempt
) -> AsyncGenerator[AnswerEvent, None]:
    """The events of one call. However it ends, it is booked once."""
    prompt_tokens = decided.decision.features["prompt_tokens"]
    card = attempt.candidate.card
    outcome, failure = Attempt.Outcome.STOPPED, None
    reports.started(attempt)
    try:
        yield AttemptStarted(attempt.row.number, card.id, card.name)
        stream = provider_client().stream(
            attempt.endpoint,
            _model_request(request, decided, attempt),
            attempt.api_key,
            clocks_for(
                is_reasoning="reasoning" in card.capabilities,
                is_local=card.local,
                patience=settings.PATIENCE,
            ),
        )
        async with aclosing(stream) as events:
            async for event in events:
                if (told := attempt.took(event)) is not None:
                    yield told
        outcome = Attempt.Outcome.ANSWERED
        reports.succeeded(attempt)
        await to_its_end(kept_in_thread(attempts.close_attempt, attempt, outcome, prompt_tokens))
        yield Answered(attempt.candidate.card.id, attempt.finish)
    except ProviderError as error:
        outcome, failure = Attempt.Outcome.FAILED, error
        attempt.usage = error.usage or attempt.usage
        raise
    finally:
        reports.ended(attempt)
        if outcome != Attempt.Outcome.ANSWERED:
            await to_its_end(
                kept_in_thread(attempts.close_attempt, attempt, outcome, prompt_tokens, failure)
            )


def _model_request(
    request: AnswerRequest, decided: Decided, attempt: attempts.OpenAttempt
) -> ModelRequest:
    card = attempt.candidate.card
    messages, attempt.left_out = fit(request.messages, request.said, card)
    return ModelRequest(
        model=card.provider_model,
        messages=messages,
        max_output_tokens=request.max_output_tokens,
        tools=request.tools,
        response_format=request.response_format,
        without=attempt.without,
        analysis={
            "categories": decided.receipt["categories"],
            "difficulty": decided.receipt["difficulty"],
            "explanation": decided.receipt["explanation"],
        },
    )
