from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from chat.conversations import PURGED_AT_ONCE, purge_deleted
from chat.models import Conversation
from tests.chat.rows import make_conversation, make_turn


def test_what_was_deleted_long_ago_goes_a_few_at_a_time(
    organisation, alice, django_assert_max_num_queries
):
    long_ago = timezone.now() - timedelta(days=settings.DELETED_KEPT_DAYS + 1)
    kept = make_conversation(alice, deleted_at=timezone.now())
    for _ in range(PURGED_AT_ONCE + 1):
        make_turn(make_conversation(alice, deleted_at=long_ago))

    with django_assert_max_num_queries(60):
        assert purge_deleted() == PURGED_AT_ONCE + 1

    assert list(Conversation.objects.all()) == [kept]
