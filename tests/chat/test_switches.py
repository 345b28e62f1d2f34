from __future__ import annotations

import copy

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.approvals import approve_models, unapprove_models
from chat.incumbents import incumbent_after, incumbent_of
from chat.models import ReplyState
from chat.pins import NothingToPinError, pin_model, unpin_model
from chat.presentation import chip_html, shown_turns
from chat.preview import Draft, preview
from chat.switches import switch_of
from routing import decisions
from routing.engine.record import Asked
from routing.models import Decision
from routing.trial import ASKED, message
from tests.cast import make_key
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_message, make_turn

CODE = "Write a Python function that merges overlapping intervals, with unit tests"
HELLO = "Hello, how are you?"


@pytest.fixture
def chat(organisation, alice, key_ring):
    """A conversation of Alice, whose organisation reaches two models."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [MODEL, OTHER_MODEL], alice)
    return make_conversation(alice)


def decided(chat, incumbent=None, text=CODE, model="auto"):
    asked: Asked = {**ASKED, "model": model}
    call = decisions.Call(chat.owner, chat.organisation, asked, message(text), incumbent)
    return Decision.objects.get(id=decisions.store(decisions.prepare(call)).id)


def easy_then_hard(chat, **fields):
    """A greeting by the small model, then a task for which Auto took the other."""
    first = make_turn(chat, HELLO, model_id=OTHER_MODEL, decision=decided(chat, text=HELLO))
    decision = decided(chat, incumbent_after(chat, first))
    given = {"decision": decision, "model_id": decision.model_id}
    return make_turn(chat, CODE, parent=first, **given | fields)


def page_text(html):
    return " ".join(text_of(html).split())


def test_a_switch_is_told_with_its_reason(chat):
    reply = easy_then_hard(chat)

    switch = switch_of(reply)
    assert switch is not None
    assert (switch.former_id, switch.former_name) == (OTHER_MODEL, "GPT-6 Luna")
    assert switch.model_name == "GPT-6.1 Sol"
    assert "difficulty rose" in switch.why
    assert switch.tokens == 0
    words = page_text(chip_html(reply))
    assert "Auto went from GPT-6 Luna to GPT-6.1 Sol · difficulty rose" in words
    assert "Undo" in words
    assert "Pin" in words


def test_it_stands_in_the_conversation(chat):
    easy_then_hard(chat)

    replies = [turn.reply for turn in shown_turns(chat).turns if turn.reply]
    assert [reply.switch is None for reply in replies] == [True, False]
    html = render_to_string("chat/_thread.html", {"turns": shown_turns(chat).turns})
    assert html.count("data-switch") == 1
    assert f'data-undo-switch="{OTHER_MODEL}"' in html


def test_a_long_chat_is_read_anew_and_that_is_told(chat):
    reply = easy_then_hard(chat)
    receipt = copy.deepcopy(reply.decision.receipt)
    receipt["features"]["cached_prefix_tokens"] = 12_000
    reply.decision = Decision(id=reply.decision_id, receipt=receipt)

    assert "It reads 12,000 tokens of this chat anew." in page_text(chip_html(reply))


def test_no_switch_is_told_where_there_was_none(chat):
    first = make_turn(chat, HELLO, model_id=OTHER_MODEL, decision=decided(chat, text=HELLO))
    again = decided(chat, incumbent_after(chat, first), text=HELLO)
    by_hand = decided(chat, incumbent_after(chat, first), model=MODEL)

    assert switch_of(first) is None
    stayed = make_turn(chat, HELLO, parent=first, decision=again, model_id=again.model_id)
    assert switch_of(stayed) is None
    chosen = make_turn(chat, CODE, parent=first, decision=by_hand, model_id=MODEL)
    assert switch_of(chosen) is None
    assert switch_of(make_turn(chat, state=ReplyState.QUEUED, model_id="")) is None


def test_who_was_turned_down_by_hand_is_no_news(chat):
    assert switch_of(easy_then_hard(chat, refused_models=[OTHER_MODEL])) is None


def test_a_fallback_to_the_former_model_is_no_switch(chat):
    assert switch_of(easy_then_hard(chat, model_id=OTHER_MODEL)) is None


def test_a_pinned_model_goes_on(chat, alice):
    first = make_turn(chat, HELLO, model_id=OTHER_MODEL, decision=decided(chat, text=HELLO))
    pin_model(alice, first.id)
    chat.refresh_from_db()

    incumbent = incumbent_after(chat, first)
    assert incumbent is not None
    assert incumbent.pinned
    decision = decided(chat, incumbent)
    assert decision.model_id == OTHER_MODEL
    assert decision.receipt["incumbent"]["why"] == "pinned to this conversation"


def test_a_pin_holds_after_another_model_was_asked_by_hand(chat, alice):
    first = make_turn(chat, HELLO, model_id=OTHER_MODEL, decision=decided(chat, text=HELLO))
    pin_model(alice, first.id)
    chat.refresh_from_db()
    second = make_turn(chat, parent=first, decision=decided(chat, model=MODEL))

    waiting = make_turn(chat, CODE, "", second, state=ReplyState.QUEUED, model_id="")
    incumbent = incumbent_of(waiting)
    assert incumbent is not None
    assert (incumbent.model, incumbent.pinned, incumbent.cached_prefix_tokens) == (
        OTHER_MODEL,
        True,
        0,
    )


def test_the_preview_knows_of_the_pin(chat, alice):
    first = make_turn(chat, HELLO, model_id=OTHER_MODEL, decision=decided(chat, text=HELLO))
    draft = Draft(CODE, len(CODE), "", chat.id)
    before = preview(alice, draft)
    pin_model(alice, first.id)
    after = preview(alice, draft)

    assert before is not None
    assert before.model == "GPT-6.1 Sol"
    assert after is not None
    assert after.model == "GPT-6 Luna"


def test_not_this_one_outweighs_a_pin(chat, alice):
    reply = easy_then_hard(chat)
    pin_model(alice, reply.id)
    chat.refresh_from_db()
    again = make_turn(chat, CODE, "", state=ReplyState.QUEUED, model_id="", refused_models=[MODEL])

    assert decided(chat, incumbent_of(again)).model_id == OTHER_MODEL


def test_a_pin_does_not_open_what_is_not_approved(chat, alice):
    reply = easy_then_hard(chat)
    pin_model(alice, reply.id)
    chat.refresh_from_db()
    unapprove_models(chat.organisation, [MODEL], alice)

    assert decided(chat, incumbent_after(chat, reply)).model_id == OTHER_MODEL


def test_unpinned_auto_chooses_again(chat, alice):
    first = make_turn(chat, HELLO, model_id=OTHER_MODEL, decision=decided(chat, text=HELLO))
    pin_model(alice, first.id)
    found = unpin_model(alice, chat.id)

    assert decided(found, incumbent_after(found, first)).model_id == MODEL


def test_what_nobody_has_answered_cannot_be_pinned(chat, alice):
    queued = make_turn(chat, HELLO, "", state=ReplyState.QUEUED, model_id="")
    with pytest.raises(NothingToPinError):
        pin_model(alice, queued.id)


def test_the_page_shows_the_pin_and_takes_it_off(chat, alice, client):
    reply = easy_then_hard(chat)
    client.force_login(alice)

    pinned = client.post(reverse("pin_model", args=[reply.id])).content.decode()
    assert "Auto stays with GPT-6.1 Sol in this chat." in page_text(pinned)
    page = client.get(reverse("conversation", args=[chat.id])).content.decode()
    assert "Auto stays with GPT-6.1 Sol in this chat." in page_text(page)
    receipt = client.get(reverse("receipt", args=[reply.id])).content.decode()
    assert "Pin GPT-6.1 Sol" not in receipt

    assert client.post(reverse("unpin_model", args=[chat.id])).content.strip() == b""
    receipt = client.get(reverse("receipt", args=[reply.id])).content.decode()
    assert "Pin GPT-6.1 Sol to this chat" in receipt


def test_a_message_without_a_reply_has_no_incumbent(chat):
    make_message(chat)
    assert incumbent_after(chat, None) is None
