"""A prepared query answers as the query that it was written from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import CharField, DateTimeField, UUIDField
from django.test.utils import CaptureQueriesContext

from accounts.access import locked_membership
from accounts.models import Membership, ProviderKey, Team, User
from accounts.prepared import PreparedQuery
from tests.cast import make_key, make_team

MEMBERSHIPS = PreparedQuery(
    lambda user_id: Membership.objects.select_related("user", "organisation").filter(user=user_id),
    UUIDField(),
)


def test_it_gives_whole_rows_with_their_neighbours(organisation, bob, django_assert_num_queries):
    with django_assert_num_queries(1):
        (found,) = MEMBERSHIPS.all(bob.pk)
        assert (found.user.email, found.organisation.name) == (bob.email, organisation.name)

    asked = Membership.objects.get(user=bob)
    assert {field.attname: getattr(found, field.attname) for field in Membership._meta.fields} == {
        field.attname: getattr(asked, field.attname) for field in Membership._meta.fields
    }
    assert found.created_at.tzinfo is not None


def test_each_call_has_its_own_values(organisation, alice, bob):
    found = [MEMBERSHIPS.all(user.pk)[0].user for user in (alice, bob, alice)]

    assert found == [alice, bob, alice]


def test_nothing_found_is_none_and_an_empty_list(organisation, charlie):
    Membership.objects.filter(user=charlie).delete()

    assert MEMBERSHIPS.first(charlie.pk) is None
    assert MEMBERSHIPS.all(charlie.pk) == []


def test_a_neighbour_that_is_missing_is_none(organisation, alice, key_ring):
    make_key(organisation)
    keys = PreparedQuery(
        lambda pk: ProviderKey.objects.select_related("owner", "endpoint").filter(organisation=pk),
        UUIDField(),
    )

    (found,) = keys.all(organisation.pk)

    assert found.owner is None
    assert found.endpoint.provider == "openai"


def test_rows_of_values_are_tuples_of_what_python_calls_them(organisation, alice):
    team = make_team(organisation, alice)
    teams = PreparedQuery(
        lambda name, since: Team.objects.filter(
            name=name, created_at__range=(since, datetime(2999, 1, 1, tzinfo=UTC))
        ).values_list("id", "restricted", "created_at"),
        CharField(),
        DateTimeField(),
    )

    assert teams.all("Team", team.created_at) == [(team.id, False, team.created_at)]
    assert teams.all("Team", team.created_at + timedelta(seconds=1)) == []
    assert teams.all("Another", team.created_at) == []


def test_a_value_that_is_used_twice_is_given_twice(organisation, alice, bob):
    people = PreparedQuery(
        lambda email: User.objects.filter(email=email) | User.objects.filter(name=email),
        CharField(),
    )

    assert people.all(alice.email) == [alice]


def test_a_value_without_a_place_is_refused(db):
    forgetful = PreparedQuery(lambda email: User.objects.all(), CharField())

    with pytest.raises(AssertionError, match="no place"):
        forgetful.all("alice@example.org")


def test_a_quote_in_a_value_is_only_a_quote(alice):
    people = PreparedQuery(lambda email: User.objects.filter(email=email), CharField())

    assert people.all("' OR 1=1 --") == []


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_part_of_what_was_written(organisation, alice):

    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        locked_membership(alice)

    locks = any("FOR UPDATE" in query["sql"] for query in asked)
    assert locks == (connection.vendor == "postgresql")
