"""Who may do what: the table that is both the documentation and the source of the probes.

A row is one route with one method, and the answer that each actor gets. `test_access_matrix.py`
asks them all over HTTP; a URL pattern without a row fails it. To add a route: add its rows to
ROUTES, and a function to THINGS for each object that its address names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.utils import timezone

from accounts.access import current_membership
from accounts.identifiers import uuid7
from accounts.invitations import create_invitation
from accounts.members import remove_member
from accounts.models import ProviderKey, Role, User
from accounts.provider_keys import disable_key
from chat.models import Conversation, Message, Reply
from routing.policy import PersonalChange, PolicyChange, change_personal_routing, change_policy
from tests.cast import make_endpoint, make_key, make_member, make_organisation, make_team, make_user
from tests.usage.rows import make_budget

# Bob is the member whose things are asked for, "member" is a colleague of his. Charlie owns another
# organisation. The superuser runs the server and is in no organisation.
ACTORS = ("anonymous", "bob", "member", "admin", "alice", "charlie", "removed", "superuser")
Expected = Mapping[str, int]


class World:
    """The people of one probe; the things they own are made when a row names them."""

    def __init__(self) -> None:
        self.alice = make_user("alice@example.org")
        self.organisation = make_organisation(self.alice)
        self.admin = make_member(self.organisation, "admin@example.org", Role.ADMIN)
        self.bob = make_member(self.organisation, "bob@example.org")
        self.member = make_member(self.organisation, "member@example.org")
        self.removed = make_member(self.organisation, "removed@example.org")
        remove_member(current_membership(self.removed), current_membership(self.alice))
        self.charlie = make_user("charlie@example.org")
        self.elsewhere = make_organisation(self.charlie, "Elsewhere")
        self.superuser = User.objects.create_superuser("root@example.org", "x")

    def actor(self, name: str) -> User | None:
        return None if name == "anonymous" else getattr(self, name)


def _conversation(world: World) -> Conversation:
    return Conversation.objects.create(
        organisation=world.organisation, owner=world.bob, title="Secret", active_at=timezone.now()
    )


def _reply(world: World) -> Reply:
    conversation = _conversation(world)
    message = Message.objects.create(
        conversation=conversation, client_msg_id=uuid7(), text="Secret"
    )
    return Reply.objects.create(
        conversation=conversation, message=message, client_msg_id=uuid7(), state="done"
    )


RULE = {"name": "Code", "when": {"categories": ["coding"]}, "then": {"preference": "quality"}}


def _policy_rule(world: World) -> int:
    change_policy(world.organisation, world.alice, PolicyChange(rules=(RULE,)))
    return 1


def _disabled(world: World, key: ProviderKey) -> ProviderKey:
    disable_key(key, world.admin)
    return key


def _bobs_rule(world: World) -> int:
    change_personal_routing(world.bob, PersonalChange(rules=(RULE,)))
    return 1


# What stands in an address: the name that a row uses, and how the thing comes to be.
THINGS: Mapping[str, Callable[[World], object]] = {
    "bobs_key": lambda world: make_key(world.organisation, world.bob).pk,
    "bobs_disabled_key": lambda world: _disabled(world, make_key(world.organisation, world.bob)).pk,
    "organisation_key": lambda world: make_key(world.organisation).pk,
    "endpoint": lambda world: (
        make_endpoint(world.organisation, "openai_compatible", "https://models.example.org/v1").pk
    ),
    "membership": lambda world: current_membership(world.member).pk,
    "budget": lambda world: make_budget(world.organisation, user=world.bob).pk,
    "team": lambda world: make_team(world.organisation, world.bob).pk,
    "invitation": lambda world: (
        create_invitation(current_membership(world.alice), Role.MEMBER)[0].pk
    ),
    "token": lambda world: create_invitation(current_membership(world.alice), Role.MEMBER)[1],
    "bobs_conversation": lambda world: _conversation(world).pk,
    "bobs_message": lambda world: _reply(world).message_id,
    "bobs_reply": lambda world: _reply(world).pk,
    "policy_rule": _policy_rule,
    "bobs_rule": _bobs_rule,
    "openai": lambda _world: "openai",
    "vllm": lambda _world: "vllm",
}


@dataclass(frozen=True, slots=True)
class Route:
    """`things` fills the address: its parameter -> a name in THINGS. `data` is what a POST sends."""

    method: str
    name: str
    expected: Expected
    things: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join((self.method, self.name, *self.things.values(), *self.data))


def _who(default: int, **others: int) -> Expected:
    return MappingProxyType({actor: others.get(actor, default) for actor in ACTORS})


LOGIN = 302
OUTSIDE = {"removed": 403, "superuser": 403}


def public(status: int = 200) -> Expected:
    return _who(status)


def visitors_only() -> Expected:
    """Pages for people who are not signed in; the others are sent on."""
    return _who(302, anonymous=200)


def signed_in(status: int = 200) -> Expected:
    """Anybody with an account, in an organisation or not."""
    return _who(status, anonymous=LOGIN)


def members(status: int = 200) -> Expected:
    """Everybody, each in their own organisation."""
    return _who(status, anonymous=LOGIN, **OUTSIDE)


def admins(status: int = 200) -> Expected:
    """Admins and owners, each of their own organisation; Charlie owns his."""
    return _who(status, anonymous=LOGIN, bob=403, member=403, **OUTSIDE)


def admins_of_it(status: int = 200) -> Expected:
    """A thing of Alice's organisation that its members know of, for its admins alone."""
    return _who(status, anonymous=LOGIN, bob=403, member=403, charlie=404, **OUTSIDE)


def bob_alone(status: int = 200) -> Expected:
    return _who(404, anonymous=LOGIN, bob=status, **OUTSIDE)


def bob_and_admins(status: int = 200) -> Expected:
    return _who(404, anonymous=LOGIN, bob=status, admin=status, alice=status, **OUTSIDE)


KEY = {"key_id": "bobs_key"}
DISABLED_KEY = {"key_id": "bobs_disabled_key"}
SHARED_KEY = {"key_id": "organisation_key"}
ENDPOINT = {"endpoint_id": "endpoint"}
TEAM = {"team_id": "team"}
MEMBERSHIP = {"membership_id": "membership"}
BUDGET = {"budget_id": "budget"}
CONVERSATION = {"conversation_id": "bobs_conversation"}
REPLY = {"reply_id": "bobs_reply"}
MESSAGE = {"message_id": "bobs_message"}
POLICY_RULE = {"number": "policy_rule"}
BOBS_RULE = {"number": "bobs_rule"}

ROUTES = (
    Route("GET", "healthz", public()),
    Route("GET", "readyz", public()),
    # The tests come from this machine.
    Route("GET", "metrics", public()),
    # Signing in and up
    Route("GET", "account_login", visitors_only()),
    Route("GET", "account_signup", visitors_only()),
    Route("GET", "account_logout", _who(200, anonymous=302)),
    Route("GET", "account_inactive", public()),
    Route("GET", "account_reset_password", public()),
    Route("GET", "account_reset_password_done", public()),
    Route("GET", "account_reset_password_from_key_done", public()),
    Route("GET", "account_email_verification_sent", public()),
    Route("GET", "account_email", signed_in()),
    Route("GET", "account_change_password", signed_in()),
    Route("GET", "account_set_password", _who(302)),
    Route("GET", "account_reauthenticate", signed_in()),
    Route("GET", "account_confirm_login_code", _who(302)),
    Route("GET", "invitation", public(), {"token": "token"}),
    # A person's own settings
    Route("GET", "settings", signed_in()),
    Route("POST", "settings", signed_in(302), data={"name": "Me", "language": ""}),
    Route("GET", "keys", members()),
    Route("GET", "key_new", members(), {"provider_id": "openai"}),
    Route("POST", "key_new", members(400), {"provider_id": "openai"}, {"text": "short"}),
    Route(
        "POST", "key_new", _who(403, anonymous=LOGIN), {"provider_id": "openai"}, {"base_url": "x"}
    ),
    Route("GET", "key_replace", bob_alone(), KEY),
    Route("GET", "key_replace", admins_of_it(), SHARED_KEY),
    Route("POST", "key_replace", bob_alone(400), KEY, {"text": "short"}),
    Route("POST", "key_replace", admins_of_it(400), SHARED_KEY, {"text": "short"}),
    Route("POST", "key_enable", bob_alone(302), KEY),
    Route("POST", "key_enable", admins_of_it(302), SHARED_KEY),
    # What an admin disabled, only an admin enables.
    Route(
        "POST",
        "key_enable",
        _who(404, anonymous=LOGIN, bob=403, admin=302, alice=302, **OUTSIDE),
        DISABLED_KEY,
    ),
    Route("POST", "key_disable", bob_and_admins(302), KEY),
    Route("POST", "key_disable", admins_of_it(302), SHARED_KEY),
    Route("POST", "key_delete", bob_and_admins(302), KEY),
    Route("POST", "key_delete", admins_of_it(302), SHARED_KEY),
    # The organisation
    Route("GET", "organisation", admins()),
    Route("POST", "organisation", admins(302), data={"name": "New name"}),
    Route("GET", "audit", admins()),
    Route("GET", "members", members()),
    Route("POST", "member_role", admins_of_it(302), MEMBERSHIP, {"role": "admin"}),
    Route("POST", "member_remove", admins_of_it(302), MEMBERSHIP),
    Route("POST", "leave", _who(200, anonymous=LOGIN, alice=302, charlie=302, **OUTSIDE)),
    Route("POST", "invite", admins(), data={"role": "member", "email": ""}),
    Route("POST", "invitation_withdraw", admins_of_it(302), {"invitation_id": "invitation"}),
    Route("GET", "teams", admins()),
    Route("POST", "teams", admins(302), data={"name": "New team"}),
    Route("GET", "team", admins_of_it(), TEAM),
    Route("POST", "team", admins_of_it(302), TEAM, {"restricted": "on"}),
    Route("POST", "team_delete", admins_of_it(302), TEAM),
    Route("GET", "organisation_keys", admins()),
    Route("GET", "organisation_key_new", admins(), {"provider_id": "openai"}),
    Route("POST", "organisation_key_new", admins(400), {"provider_id": "openai"}, {"text": "x"}),
    Route("POST", "approval_undo", admins(302)),
    Route("GET", "server_new", admins(), {"provider_id": "vllm"}),
    Route(
        "POST", "server_new", admins(400), {"provider_id": "vllm"}, {"base_url": "http://10.0.0.1"}
    ),
    Route("GET", "status", admins()),
    Route("GET", "local_models", admins()),
    Route("POST", "ollama_connect", admins(302)),
    Route("GET", "endpoint_move", admins_of_it(), ENDPOINT),
    Route("POST", "endpoint_move", admins_of_it(400), ENDPOINT, {"base_url": "http://10.0.0.1"}),
    Route("POST", "endpoint_remove", admins_of_it(302), ENDPOINT),
    # Models and usage
    Route("GET", "models", members()),
    Route("POST", "approve_models", admins(302), data={"model": "openai/gpt-6-sol"}),
    Route("POST", "approve_sensible_set", admins(302), data={"provider": "openai"}),
    Route("POST", "unapprove_models", admins(302), data={"model": "demo/swift"}),
    Route("GET", "playground", members()),
    Route("POST", "playground", members(), data={"prompt": "Hello"}),
    Route("POST", "playground_batch", members()),
    # Routing: the organisation's, then one's own
    Route("GET", "policy", admins()),
    Route("POST", "policy", admins(302), data={"preference": "cost", "default_model": "auto"}),
    Route("GET", "policy_rule_new", admins()),
    Route("POST", "policy_rule_new", admins(400), data={"name": ""}),
    Route("GET", "policy_rule", admins_of_it(), POLICY_RULE),
    Route("POST", "policy_rule", admins_of_it(400), POLICY_RULE, {"name": ""}),
    Route("POST", "policy_rule_move", admins_of_it(), POLICY_RULE, {"by": "up"}),
    Route("POST", "policy_rule_delete", admins_of_it(), POLICY_RULE),
    Route("GET", "policy_rules_export", admins()),
    Route("POST", "policy_rules_import", admins()),
    Route("POST", "policy_rules_test", admins(), data={"prompt": "Hello"}),
    Route("GET", "learned", admins()),
    Route("POST", "learned_reset", admins(302)),
    Route("GET", "my_routing", members()),
    Route("POST", "my_routing", members(302), data={"choose_from": "all"}),
    Route("GET", "my_rule_new", members()),
    Route("POST", "my_rule_new", members(400), data={"name": ""}),
    Route("GET", "my_rule", bob_alone(), BOBS_RULE),
    Route("POST", "my_rule", bob_alone(400), BOBS_RULE, {"name": ""}),
    Route("POST", "my_rule_move", bob_alone(), BOBS_RULE, {"by": "up"}),
    Route("POST", "my_rule_delete", bob_alone(), BOBS_RULE),
    Route("GET", "my_rules_export", members()),
    Route("POST", "my_rules_import", members()),
    Route("POST", "my_rules_test", members(), data={"prompt": "Hello"}),
    Route("GET", "usage", members()),
    Route("GET", "organisation_usage", admins()),
    Route("GET", "budgets", admins()),
    Route(
        "POST",
        "budgets",
        admins(302),
        data={"whose": "organisation", "limit_usd": "10", "period": "month"},
    ),
    Route("GET", "budget", admins_of_it(), BUDGET),
    Route("POST", "budget", admins_of_it(302), BUDGET, {"limit_usd": "5", "period": "day"}),
    Route("POST", "budget_delete", admins_of_it(302), BUDGET),
    # Chats: their owner's alone, whoever else asks
    Route("GET", "new_conversation", members()),
    Route("GET", "sidebar", members()),
    Route("GET", "conversation", bob_alone(), CONVERSATION),
    Route("GET", "earlier_turns", bob_alone(), CONVERSATION | REPLY),
    Route("POST", "preview", members(), data={"text": "Hello"}),
    Route("POST", "rename_conversation", bob_alone(), CONVERSATION, {"title": "New"}),
    Route("POST", "delete_conversation", bob_alone(204), CONVERSATION),
    Route("POST", "restore_conversation", bob_alone(), CONVERSATION),
    Route(
        "POST", "choose_model", bob_alone(204), CONVERSATION, {"model": "auto", "fallback": "true"}
    ),
    Route("GET", "receipt", bob_alone(), REPLY),
    Route("POST", "show_reply", bob_alone(), REPLY),
    Route("POST", "show_message", bob_alone(), MESSAGE),
    # Nothing has answered in it yet.
    Route("POST", "pin_model", bob_alone(400), REPLY),
    Route("POST", "unpin_model", bob_alone(), CONVERSATION),
    # Nothing has answered in it yet.
    Route("POST", "verdict", bob_alone(400), REPLY, {"kind": "good"}),
)

# What an address holds that leads nowhere, where it is no id.
NOTHING: Mapping[str, object] = {"number": 1_000_000}

# Not asked by name: they carry a signed key, and answer the same page for every wrong one.
SIGNED_ADDRESSES = {"account_confirm_email", "account_reset_password_from_key"}
