"""The buttons beside a key or an address: each changes one thing and goes back to the list."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import endpoints, provider_keys
from accounts.access import (
    AuthenticatedHttpRequest,
    access_endpoint_as_admin,
    access_provider_key_to_delete,
    access_provider_key_to_enable,
    access_provider_key_to_withdraw,
    admin_membership,
)
from accounts.approvals import unapprove_models
from accounts.models import ProviderKey
from answering import key_purse
from answering.connections import allowed_private_hosts
from answering.key_forms import AddressForm
from answering.key_test import KeyTestError
from answering.views import JUST_ADDED
from providers.addresses import AddressPolicy
from providers.errors import AddressError


@login_required
@require_POST
def disable(request: AuthenticatedHttpRequest, key_id: UUID) -> HttpResponse:
    key = access_provider_key_to_withdraw(request.user, key_id)
    provider_keys.disable_key(key, request.user)
    messages.success(request, _("The key is not used until it is enabled again."))
    return redirect(_list_of(request, key))


@login_required
@require_POST
def enable(request: AuthenticatedHttpRequest, key_id: UUID) -> HttpResponse:
    key = access_provider_key_to_enable(request.user, key_id)
    provider_keys.enable_key(key, request.user)
    messages.success(request, _("The key is used again."))
    return redirect(_list_of(request, key))


@login_required
@require_POST
def delete(request: AuthenticatedHttpRequest, key_id: UUID) -> HttpResponse:
    key = access_provider_key_to_delete(request.user, key_id)
    back = _list_of(request, key)
    provider_keys.delete_key(key, request.user)
    messages.success(request, _("The key was deleted. To be safe, revoke it at the provider too."))
    return redirect(back)


@login_required
@require_POST
def undo_approval(request: AuthenticatedHttpRequest) -> HttpResponse:
    me = admin_membership(request.user)
    just_added = request.session.pop(JUST_ADDED, {"approved": []})
    removed = unapprove_models(me.organisation, just_added["approved"], request.user)
    words = ngettext(
        "%(number)d model is no longer approved.",
        "%(number)d models are no longer approved.",
        len(removed),
    )
    messages.success(request, words % {"number": len(removed)})
    return redirect("organisation_keys")


@login_required
@require_POST
def connect_ollama(request: AuthenticatedHttpRequest) -> HttpResponse:
    me = admin_membership(request.user)
    try:
        added = key_purse.connect_local_ollama(me)
    except KeyTestError as error:
        messages.error(request, str(error))
        return redirect("organisation_keys")
    request.session[JUST_ADDED] = {"provider": "Ollama", "approved": added.approved}
    return redirect(f"{reverse('organisation_keys')}?added=1")


@login_required
@require_http_methods(["GET", "POST"])
def move_endpoint(request: AuthenticatedHttpRequest, endpoint_id: UUID) -> HttpResponse:
    endpoint = access_endpoint_as_admin(request.user, endpoint_id)
    form = AddressForm(request.POST or None, initial={"base_url": endpoint.base_url})
    if form.is_valid():
        policy = AddressPolicy(allowed_private_hosts())
        try:
            endpoints.move_endpoint(endpoint, form.cleaned_data["base_url"], request.user, policy)
        except AddressError as error:
            form.add_error("base_url", error.detail)
        else:
            messages.success(request, _("The address was changed. Enter its key again."))
            return redirect("organisation_keys")
    shown = {"form": form, "endpoint": endpoint}
    status = 400 if form.is_bound else 200
    return render(request, "answering/endpoint.html", shown, status=status)


@login_required
@require_POST
def remove_endpoint(request: AuthenticatedHttpRequest, endpoint_id: UUID) -> HttpResponse:
    endpoints.remove_endpoint(access_endpoint_as_admin(request.user, endpoint_id), request.user)
    messages.success(request, _("The server was removed, and its keys with it."))
    return redirect("organisation_keys")


def _list_of(request: AuthenticatedHttpRequest, key: ProviderKey) -> str:
    return "keys" if key.owner_id == request.user.pk else "organisation_keys"
