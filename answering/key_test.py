"""Does a key work? One real call, and if it does not, words that say what is wrong."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _

from accounts.models import Endpoint
from answering.connections import allowed_private_hosts
from providers.addresses import AddressPolicy
from providers.client import ProviderClient
from providers.clocks import Clocks
from providers.errors import FailureClass as F
from providers.errors import ProviderError
from providers.registry import PROVIDERS
from providers.request import Endpoint as Reached
from providers.secret import SecretStr

# The provider knew the key: that it is out of credit or busy is for the receipts to say.
KNOWS_THE_KEY = {F.PAYMENT_REQUIRED, F.QUOTA_EXHAUSTED, F.SPEND_LIMIT, F.RATE_LIMITED}
REFUSES_THE_KEY = {F.KEY_REJECTED, F.FORBIDDEN}
OUT_OF_REACH = {
    F.UNREACHABLE,
    F.TLS_FAILED,
    F.HEAD_TIMEOUT,
    F.FIRST_CONTENT_TIMEOUT,
    F.REQUEST_TIMEOUT,
    F.SERVER_ERROR,
    F.BAD_GATEWAY,
    F.UNAVAILABLE,
    F.OVERLOADED,
}
NO_MODEL_SERVER = {F.NOT_A_MODEL_ANSWER, F.REDIRECT, F.MODEL_GONE, F.MALFORMED_EVENT}

# The clocks of a person who waits for a form.
PATIENCE = Clocks(head_s=10.0, first_content_s=10.0, total_s=20.0)


class KeyTestError(Exception):
    """The key was not stored. The message says why; `may_be_saved` where it may yet be right."""

    def __init__(self, words: str, *, may_be_saved: bool = False) -> None:
        super().__init__(words)
        self.may_be_saved = may_be_saved


def check_key(endpoint: Endpoint, secret: SecretStr | None) -> None:
    """Ask the provider for something free that needs the key. Raises KeyTestError."""
    reached = Reached(endpoint.provider, endpoint.base_url, endpoint.dialect)
    try:
        async_to_sync(_call)(reached, secret)
    except ProviderError as error:
        if error.failure not in KNOWS_THE_KEY:
            raise _in_words(error, PROVIDERS[endpoint.provider].name) from None


async def _call(endpoint: Reached, secret: SecretStr | None) -> None:
    client = ProviderClient(AddressPolicy(allowed_private_hosts()))
    try:
        await client.test_key(endpoint, secret, clocks=PATIENCE)
    finally:
        await client.aclose()


def _in_words(error: ProviderError, name: str) -> KeyTestError:
    known = {"name": name, "detail": error.detail}
    if error.failure in REFUSES_THE_KEY:
        words = _("%(name)s rejected this key, so it was not saved. Copy it again, whole.")
        return KeyTestError(words % known)
    if error.failure in OUT_OF_REACH:
        words = _(
            "%(name)s cannot be reached, so nothing was saved. Paste the key again to try again, "
            "or save it untested. (%(detail)s)"
        )
        return KeyTestError(words % known, may_be_saved=True)
    if error.failure in NO_MODEL_SERVER:
        words = _(
            "Something answers at this address, but it is no model server. Nothing was saved."
        )
        return KeyTestError(words)
    if error.failure is F.BLOCKED_ADDRESS:
        words = _("Nothing was saved: this address may not be used. %(detail)s")
        return KeyTestError(words % known)
    words = _("The test failed, so nothing was saved. %(name)s says: %(detail)s")
    return KeyTestError(words % known)
