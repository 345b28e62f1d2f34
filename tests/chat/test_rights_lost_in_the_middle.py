"""F59: rights are looked at before each call. One that runs goes on, unless its person may no longer be here."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from accounts.approvals import unapprove_models
from accounts.models import Membership, Organisation, ProviderKey, User
from accounts.provider_keys import delete_key
from chat.models import Reply
from tests.chat.conftest import MODEL
from tests.chat.tab import Tab, Tabs
from tests.services.texts import numbered
from tests.upstream_formats import Answer
from usage.models import LedgerEntry

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = numbered(60)


@pytest.fixture
async def streaming(connected, tabs: Tabs, bob, upstream, settings) -> tuple[Tab, str]:
    """A reply to Bob, of which he has read something."""
    settings.HEARTBEAT_S = 0.2
    upstream.default = Answer(TEXT, delay_s=0.03)
    tab = await tabs.open(bob)
    await tab.hello()
    reply = str((await tab.ask("Count"))["reply"])
    while not tab.text_of(reply):
        await tab.hear()
    return tab, reply


def remove_key(organisation: Organisation, admin: User) -> None:
    delete_key(ProviderKey.objects.get(), admin)


def unapprove(organisation: Organisation, admin: User) -> None:
    unapprove_models(organisation, [MODEL], admin)


@pytest.mark.parametrize("lose", [remove_key, unapprove])
async def test_a_call_that_runs_goes_on_and_the_next_is_not_made(
    streaming, connected, alice, upstream, lose
):
    tab, reply = streaming
    await sync_to_async(lose)(connected, alice)

    assert (await tab.until("done", reply=reply))["state"] == "done"
    assert (await Reply.objects.aget(id=reply)).text == TEXT
    assert await LedgerEntry.objects.acount() == 1

    conversation = tab.frames[1]["conversation"]
    again = (await tab.ask("And now?", conversation=conversation))["reply"]
    assert (await tab.until("done", reply=again))["state"] == "failed"
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("change", [{"active": False}, {"user__is_active": False}], ids=str)
async def test_it_stops_with_the_right_of_its_person(streaming, bob, upstream, change):
    tab, reply = streaming

    def lose() -> None:
        if "active" in change:
            Membership.objects.filter(user=bob).update(active=False)
        else:
            User.objects.filter(pk=bob.pk).update(is_active=False)

    await sync_to_async(lose)()

    done = await tab.until("done", reply=reply)
    row = await Reply.objects.aget(id=reply)
    assert (done["state"], row.state) == ("stopped", "stopped")
    assert row.text.startswith(tab.text_of(reply))
    assert upstream.left == 1
    assert await LedgerEntry.objects.acount() == 1
