"""The cast, made by plain functions: Alice owns, Bob is in her organisation, Charlie is elsewhere."""

from __future__ import annotations

from accounts.members import join
from accounts.models import Endpoint, Organisation, ProviderKey, Role, Team, User
from accounts.organisations import create_organisation
from accounts.provider_keys import add_key

PASSWORD = "a passphrase for tests"
KEY_TEXT = "sk-test-0123456789abcdefghijklmnopqrstuv"


def make_user(email: str = "dana@example.org", name: str = "") -> User:
    return User.objects.create_user(email, PASSWORD, name or email.partition("@")[0].title())


def make_organisation(owner: User, name: str = "Acme") -> Organisation:
    return create_organisation(name, owner)


def make_member(
    organisation: Organisation, email: str = "dana@example.org", role: str = Role.MEMBER
) -> User:
    user = make_user(email)
    join(user, organisation, role)
    return user


def make_team(organisation: Organisation, *members: User, name: str = "Team") -> Team:
    team = Team.objects.create(organisation=organisation, name=name)
    team.members.set(members)
    return team


def make_endpoint(
    organisation: Organisation, provider: str = "openai", base_url: str = ""
) -> Endpoint:
    endpoint, _created = Endpoint.objects.get_or_create(
        organisation=organisation,
        provider=provider,
        own_base_url=base_url,
        defaults={"dialect": "openai_chat"},
    )
    return endpoint


def make_key(
    organisation: Organisation,
    owner: User | None = None,
    text: str = KEY_TEXT,
    provider: str = "openai",
) -> ProviderKey:
    """A stored key; needs a key ring, which the fixture `key_ring` makes."""
    by = owner or organisation.memberships.filter(role=Role.OWNER)[0].user
    return add_key(make_endpoint(organisation, provider), owner, text, by, test=None)
