"""The pages where people bring their keys and see what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import (
    AuthenticatedHttpRequest,
    ForbiddenError,
    NotFoundError,
    access_provider_key,
    admin_membership,
    current_membership,
)
from answering import key_purse
from answering.key_forms import EndpointForm, KeyForm
from answering.key_list import keys_of_members, keys_of_organisation, keys_of_person
from answering.key_purse import Added
from answering.key_test import KeyTestError
from answering.local_models import offered_ollama_models
from answering.status import models_status
from providers.errors import AddressError
from providers.registry import PROVIDERS, Provider

HOSTED = [provider for provider in PROVIDERS.values() if provider.needs_key]
SELF_HOSTED = [each for each in PROVIDERS.values() if not each.needs_key and each.id != "demo"]
# What the last key approved, so that the next page can offer to undo it.
JUST_ADDED = "just_added"


@login_required
@require_GET
def keys(request: AuthenticatedHttpRequest) -> HttpResponse:
    me = current_membership(request.user)
    shown = {
        "rows": keys_of_person(me),
        "providers": HOSTED,
        "allowed": me.organisation.personal_keys_allowed,
        "just_added": _just_added(request),
    }
    return render(request, "answering/keys.html", shown)


@login_required
@require_GET
def organisation_keys(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = admin_membership(request.user).organisation
    shown = {
        "rows": keys_of_organisation(organisation),
        "members_rows": keys_of_members(organisation),
        "endpoints": organisation.endpoints.exclude(own_base_url="", keyless=False),
        "providers": HOSTED,
        "servers": SELF_HOSTED,
        "just_added": _just_added(request),
    }
    return render(request, "answering/organisation_keys.html", shown)


@login_required
@require_GET
def status(request: AuthenticatedHttpRequest) -> HttpResponse:
    organisation = admin_membership(request.user).organisation
    models = models_status(request.user, organisation)
    return render(request, "answering/status.html", {"models": models})


@login_required
@require_GET
def local_models(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The offer of an Ollama on this machine, fetched by the page after it is shown."""
    names = offered_ollama_models(admin_membership(request.user).organisation)
    return render(request, "answering/_local_models.html", {"names": names})


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def new_key(request: AuthenticatedHttpRequest, provider_id: str) -> HttpResponse:
    me = current_membership(request.user)
    if not me.organisation.personal_keys_allowed:
        raise ForbiddenError(_("Your organisation does not allow keys of one's own."))
    if "base_url" in request.POST:
        raise ForbiddenError(_("Only admins choose the address of a provider."))
    form = KeyForm(_provider(provider_id, HOSTED), request.POST or None)
    return _take_key(
        request,
        form,
        "keys",
        lambda text: key_purse.add_personal_key(me, provider_id, text, untested=form.is_untested),
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def new_organisation_key(request: AuthenticatedHttpRequest, provider_id: str) -> HttpResponse:
    me = admin_membership(request.user)
    form = KeyForm(_provider(provider_id, HOSTED), request.POST or None)
    return _take_key(
        request,
        form,
        "organisation_keys",
        lambda text: key_purse.add_organisation_key(
            me, provider_id, text, untested=form.is_untested
        ),
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def new_server(request: AuthenticatedHttpRequest, provider_id: str) -> HttpResponse:
    me = admin_membership(request.user)
    form = EndpointForm(_provider(provider_id, SELF_HOSTED), request.POST or None)
    return _take_key(
        request,
        form,
        "organisation_keys",
        lambda text: key_purse.add_server(
            me, provider_id, form.cleaned_data["base_url"], text, untested=form.is_untested
        ),
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def replace(request: AuthenticatedHttpRequest, key_id: UUID) -> HttpResponse:
    key = access_provider_key(request.user, key_id)
    me = current_membership(request.user)
    form = KeyForm(PROVIDERS[key.endpoint.provider], request.POST or None)
    return _take_key(
        request,
        form,
        "keys" if key.owner_id else "organisation_keys",
        lambda text: key_purse.replace_key(me, key, text, untested=form.is_untested),
    )


def _take_key(
    request: AuthenticatedHttpRequest,
    form: KeyForm,
    back: str,
    store: Callable[[str], Added | None],
) -> HttpResponse:
    """Show the form, or store what it brought; a key that fails its test is not kept."""
    if form.is_valid():
        try:
            return _taken(request, back, store(form.cleaned_data["text"]))
        except KeyTestError as error:
            form.refuse(error)
        except AddressError as error:
            form.add_error("base_url", error.detail)
    shown = {"form": form, "provider": form.provider, "back": reverse(back)}
    return render(request, "answering/new_key.html", shown, status=400 if form.is_bound else 200)


def _taken(request: AuthenticatedHttpRequest, back: str, added: Added | None) -> HttpResponse:
    if added is None:
        messages.success(request, _("The key was replaced."))
        return redirect(back)
    request.session[JUST_ADDED] = {
        "provider": PROVIDERS[added.endpoint.provider].name,
        "approved": added.approved,
    }
    return redirect(f"{reverse(back)}?added=1")


def _just_added(request: AuthenticatedHttpRequest) -> object:
    return request.session.get(JUST_ADDED) if "added" in request.GET else None


def _provider(provider_id: str, among: Iterable[Provider]) -> Provider:
    for provider in among:
        if provider.id == provider_id:
            return provider
    raise NotFoundError
