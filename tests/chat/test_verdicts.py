from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.approvals import approve_models
from chat.frames import Retry
from chat.incumbents import incumbent_after
from chat.models import ReplyState
from chat.turns import retry_reply
from chat.verdicts import WHY_BAD, WHY_NOT_THIS_ONE
from routing import decisions
from routing.models import Decision, Verdict
from routing.trial import ASKED, message
from tests.cast import make_key
from tests.chat.html_reading import text_of
from tests.chat.rows import MODEL, OTHER_MODEL, make_conversation, make_turn

HELLO = "Hello, how are you?"


@pytest.fixture
def reply(organisation, alice, key_ring):
    """An answer of Luna to Alice, whose organisation reaches two models."""
    organisation.approvals.all().delete()
    make_key(organisation)
    approve_models(organisation, [MODEL, OTHER_MODEL], alice)
    decision = decide(alice, organisation)
    return make_turn(make_conversation(alice), HELLO, decision=decision, model_id=OTHER_MODEL)


def decide(user, organisation, incumbent=None):
    call = decisions.Call(user, organisation, ASKED, message(HELLO), incumbent)
    return Decision.objects.get(id=decisions.store(decisions.prepare(call)).id)


def say(client, reply, **fields):
    return client.post(reverse("verdict", args=[reply.id]), fields)


def kinds():
    return list(Verdict.objects.order_by("created_at").values_list("kind", "reason"))


def retry(user, reply, model=None, *, not_this_one=False):
    return retry_reply(user, Retry(uuid4(), reply.id, model, not_this_one))


def test_a_thumb_down_asks_for_the_reason(reply, alice, client):
    client.force_login(alice)
    words = text_of(say(client, reply, kind="bad").content.decode())

    assert kinds() == [("bad", "")]
    for reason in WHY_BAD:
        assert str(reason.label) in words


def test_the_reason_stands_beside_the_thumb_and_can_be_taken_back(reply, alice, client):
    client.force_login(alice)
    say(client, reply, kind="bad")
    say(client, reply, kind="bad", reason="wrong")
    assert kinds() == [("bad", "wrong")]

    say(client, reply, kind="bad", reason="")
    assert kinds() == [("bad", "")]
    say(client, reply, kind="")
    assert kinds() == []


@pytest.mark.parametrize("fields", [{"kind": "retry"}, {"kind": "excellent"}, {"kind": "x" * 500}])
def test_what_nobody_can_say_is_refused(reply, alice, client, fields):
    client.force_login(alice)

    assert say(client, reply, **fields).status_code == 400
    assert kinds() == []


def test_an_unknown_reason_is_left_out(reply, alice, client):
    client.force_login(alice)
    say(client, reply, kind="bad", reason="x" * 500)

    assert kinds() == [("bad", "")]


def test_not_this_one_is_a_verdict_and_its_reason_is_asked(reply, alice, client):
    retry(alice, reply, not_this_one=True)
    assert kinds() == [("not_this_one", "")]

    client.force_login(alice)
    words = text_of(say(client, reply, kind="not_this_one", reason="too_weak").content.decode())
    assert kinds() == [("not_this_one", "too_weak")]
    for reason in WHY_NOT_THIS_ONE:
        assert str(reason.label) in words


def test_another_model_asked_for_is_a_verdict(reply, alice):
    retry(alice, reply, MODEL)

    assert kinds() == [("retry", "")]


@pytest.mark.parametrize("model", [None, "auto", OTHER_MODEL])
def test_the_same_again_is_no_verdict(reply, alice, model):
    retry(alice, reply, model)

    assert kinds() == []


@pytest.mark.parametrize("fields", [{"state": ReplyState.FAILED}, {"text": ""}])
def test_what_was_not_read_is_not_judged(reply, alice, fields):
    for name, value in fields.items():
        setattr(reply, name, value)
    reply.save()
    retry(alice, reply, not_this_one=True)

    assert kinds() == []


def test_a_turned_down_reply_raises_the_floor_for_the_rest_of_the_chat(
    reply, organisation, alice, client
):
    assert decide(alice, organisation, incumbent_after(reply.conversation, reply)).model_id == (
        OTHER_MODEL
    )
    client.force_login(alice)
    say(client, reply, kind="bad", reason="wrong")
    later = make_turn(
        reply.conversation, HELLO, parent=reply, decision=reply.decision, model_id=OTHER_MODEL
    )

    raised = decide(alice, organisation, incumbent_after(reply.conversation, later))
    assert raised.model_id == MODEL
    assert "More is asked for than usual" in raised.receipt["explanation"]
    elsewhere = decide(alice, organisation, incumbent_after(make_conversation(alice), None))
    assert elsewhere.model_id == OTHER_MODEL


def test_a_thumb_taken_back_lowers_it_again(reply, organisation, alice, client):
    client.force_login(alice)
    say(client, reply, kind="bad")
    say(client, reply, kind="")

    incumbent = incumbent_after(reply.conversation, reply)
    assert incumbent is not None
    assert incumbent.least_ability is None
