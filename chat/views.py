from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthenticatedHttpRequest, NotFoundError, current_membership
from accounts.models import User
from answering.local_models import offered_ollama_models
from chat import bell, model_menu, pins, presentation, receipt_panel, sidebar, turns, verdicts
from chat.access import (
    access_conversation,
    access_deleted_conversation,
    access_reply,
    own_conversations,
)
from chat.conversations import (
    delete_conversation,
    rename_conversation,
    restore_conversation,
)
from chat.frames import PREFERENCES
from chat.models import Conversation
from chat.preview import Draft, preview
from routing.names import model_name
from routing.verdicts import Kind
from routing.ways import DEMO, ways_of

# As scripts write them in forms; whoever says nothing changes nothing.
FALLBACK = {"true": True, "false": False}


@login_required
@require_GET
def new_conversation(request: AuthenticatedHttpRequest) -> HttpResponse:
    starters = [
        _("Write a Python function that merges overlapping intervals, with tests"),
        _("Translate into French: The meeting moved to Thursday, see you there"),
        _("A train leaves at 14:05 at 84 km/h, another at 14:35 at 120 km/h: when do they meet?"),
    ]
    more = {"turns": [], "starter_prompts": starters, "ollama_found": _offers_ollama(request.user)}
    return _page(request, None, more)


@login_required
@require_GET
def conversation(request: AuthenticatedHttpRequest, conversation_id: UUID) -> HttpResponse:
    found = access_conversation(request.user, conversation_id)
    return _page(request, found, _as_context(presentation.shown_turns(found)))


@login_required
@require_GET
def earlier_turns(
    request: AuthenticatedHttpRequest, conversation_id: UUID, reply_id: UUID
) -> HttpResponse:
    found = access_conversation(request.user, conversation_id)
    shown = presentation.earlier_turns(found, reply_id)
    context = {**_as_context(shown), "conversation": found}
    return render(request, "chat/_turns.html", context)


@login_required
@require_GET
def more_conversations(request: AuthenticatedHttpRequest) -> HttpResponse:
    before = parse_datetime(request.GET.get("before", "").replace(" ", "+"))
    if before and timezone.is_naive(before):
        before = None
    page = sidebar.page(own_conversations(request.user), before)
    return render(
        request,
        "chat/_sidebar.html",
        {"sidebar_groups": page.groups, "sidebar_next": page.next, "is_more": before is not None},
    )


@login_required
@require_GET
def receipt(request: AuthenticatedHttpRequest, reply_id: UUID) -> HttpResponse:
    reply = access_reply(request.user, reply_id)
    return render(request, "chat/_receipt.html", receipt_panel.context(reply))


@login_required
@require_POST
def show_reply(request: AuthenticatedHttpRequest, reply_id: UUID) -> HttpResponse:
    return _thread(request, turns.show_reply(request.user, reply_id), reply_id)


@login_required
@require_POST
def show_message(request: AuthenticatedHttpRequest, message_id: UUID) -> HttpResponse:
    return _thread(request, turns.show_message(request.user, message_id), message_id)


@login_required
@require_POST
def preview_pick(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The line under the composer; empty where there is nothing to say."""
    preference, characters = request.POST.get("preference", ""), request.POST.get("characters", "")
    draft = Draft(
        text=request.POST.get("text", ""),
        characters=int(characters[:9]) if characters.isdecimal() else 0,
        preference=preference if preference in PREFERENCES else "",
        conversation=_uuid(request.POST.get("conversation", "")),
    )
    return render(request, "chat/_preview.html", {"preview": preview(request.user, draft)})


@login_required
@require_POST
def verdict(request: AuthenticatedHttpRequest, reply_id: UUID) -> HttpResponse:
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    try:
        reply = verdicts.judge(request.user, reply_id, kind, reason)
    except verdicts.NoVerdictError as error:
        return JsonResponse({"error": str(error)}, status=400)
    if kind == Kind.NOT_THIS_ONE:
        context = {"why_not": reply.id, "reasons": verdicts.why_not_this_one(reason)}
        return render(request, "chat/_why_not.html", context)
    context = {
        "reply": {"id": reply.id, "thumb": kind},
        "reasons": verdicts.why_bad(reason) if kind == Kind.BAD else [],
    }
    return render(request, "chat/_thumbs.html", context)


@login_required
@require_POST
def pin_model(request: AuthenticatedHttpRequest, reply_id: UUID) -> HttpResponse:
    try:
        found = pins.pin_model(request.user, reply_id)
    except pins.NothingToPinError as error:
        return JsonResponse({"error": str(error)}, status=400)
    return render(request, "chat/_pinned.html", _pinned(found))


@login_required
@require_POST
def unpin_model(request: AuthenticatedHttpRequest, conversation_id: UUID) -> HttpResponse:
    found = pins.unpin_model(request.user, conversation_id)
    return render(request, "chat/_pinned.html", _pinned(found))


@login_required
@require_POST
def rename(request: AuthenticatedHttpRequest, conversation_id: UUID) -> HttpResponse:
    found = access_conversation(request.user, conversation_id)
    rename_conversation(found, request.POST.get("title", ""))
    return _row(request, found)


@login_required
@require_POST
def delete(request: AuthenticatedHttpRequest, conversation_id: UUID) -> HttpResponse:
    unwanted = delete_conversation(access_conversation(request.user, conversation_id))
    async_to_sync(bell.stop_all)(unwanted)
    return HttpResponse(status=204)


@login_required
@require_POST
def restore(request: AuthenticatedHttpRequest, conversation_id: UUID) -> HttpResponse:
    found = access_deleted_conversation(request.user, conversation_id)
    restore_conversation(found)
    return _row(request, found)


@login_required
@require_POST
def choose_model(request: AuthenticatedHttpRequest, conversation_id: UUID) -> HttpResponse:
    found = access_conversation(request.user, conversation_id)
    preference = request.POST.get("preference", "")
    if preference not in PREFERENCES:
        return JsonResponse({"error": _("There is no such preference.")}, status=400)
    fallback = FALLBACK.get(request.POST.get("fallback", ""))
    choice = model_menu.Choice(request.POST.get("model", ""), preference, fallback)
    try:
        model_menu.choose_model(request.user, found, choice)
    except turns.TurnRefusedError as refused:
        return JsonResponse({"error": refused.message}, status=404)
    return HttpResponse(status=204)


def _uuid(text: str) -> UUID | None:
    """None for a new chat. Raises `NotFoundError` for what names no chat."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFoundError from None


def _offers_ollama(user: User) -> bool:
    """Looked for only while there is nothing better than the demo models."""
    organisation = current_membership(user).organisation
    reaches_only_demo = all(way.provider == DEMO for way in ways_of(user, organisation))
    return (
        settings.LOOPBACK_ONLY and reaches_only_demo and bool(offered_ollama_models(organisation))
    )


def _thread(request: AuthenticatedHttpRequest, found: Conversation, back_to: UUID) -> HttpResponse:
    context = {**_as_context(presentation.shown_turns(found, back_to)), "conversation": found}
    return render(request, "chat/_thread.html", context)


def _as_context(shown: presentation.ShownTurns) -> dict[str, Any]:
    return {"turns": shown.turns, "earlier": shown.earlier}


def _row(request: AuthenticatedHttpRequest, found: Conversation) -> HttpResponse:
    row = sidebar.rows(Conversation.objects.filter(id=found.id))[0]
    return render(request, "chat/_conversation_row.html", {"conversation": row})


def _pinned(found: Conversation | None) -> dict[str, Any]:
    pinned = found.pinned_model if found else ""
    return {"conversation": found, "pinned": model_name(pinned) if pinned else ""}


def _page(
    request: AuthenticatedHttpRequest, found: Conversation | None, more: dict[str, Any]
) -> HttpResponse:
    page = sidebar.page(own_conversations(request.user))
    context = {
        **_pinned(found),
        "sidebar_groups": page.groups,
        "sidebar_next": page.next,
        **model_menu.context(request.user, found),
        **more,
    }
    return render(request, "chat/conversation.html", context)
