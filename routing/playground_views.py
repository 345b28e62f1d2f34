"""What Auto would do with a prompt, or with a file of them. No model is called, nothing is stored."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import access_organisation
from accounts.approvals import approved_model_ids
from accounts.models import Organisation
from routing.cards import organisation_cards
from routing.engine.values import PREFERENCES, Card, Preference
from routing.names import PREFERENCES as PREFERENCE_NAMES
from routing.playground import PlaygroundForm, outcome
from routing.playground_batch import FILE_BYTES, PROMPTS_MOST, BatchError, csv_of, route_file
from routing.policy import effective_preference
from routing.views import HtmxHttpRequest


@login_required
@require_http_methods(["GET", "POST"])
def playground(request: HtmxHttpRequest) -> HttpResponse:
    """A prompt comes by POST, so that it stands in no address and no log."""
    organisation = access_organisation(request.user)
    form = PlaygroundForm(_models(request, organisation), request.POST or None)
    is_valid = form.is_bound and form.is_valid()
    context = {
        "form": form,
        "outcome": outcome(request.user, organisation, form) if is_valid else None,
        "examples": _examples(),
        "preferences": PREFERENCE_NAMES.items(),
        "usual": effective_preference(request.user, organisation),
        "prompts_most": PROMPTS_MOST,
    }
    piece = "_outcome" if request.htmx else "playground"
    return render(request, f"routing/{piece}.html", context)


@login_required
@require_POST
def batch(request: HtmxHttpRequest) -> HttpResponse:
    organisation = access_organisation(request.user)
    try:
        content = _content(request)
        routed = route_file(request.user, organisation, content, _preference(request, organisation))
    except BatchError as error:
        return render(request, _batch_page(request), {"problem": str(error)})
    if request.POST.get("as") == "csv":
        response = HttpResponse(csv_of(routed.rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="decisions.csv"'
        return response
    return render(request, _batch_page(request), {"batch": routed})


def _content(request: HtmxHttpRequest) -> bytes:
    file = request.FILES.get("file")
    if file is None:
        raise BatchError(_("Choose a file first."))
    return bytes(file.read(FILE_BYTES + 1))


def _preference(request: HtmxHttpRequest, organisation: Organisation) -> Preference:
    asked = request.POST.get("preference", "")
    if asked in PREFERENCES:
        return asked
    return effective_preference(request.user, organisation)


def _batch_page(request: HtmxHttpRequest) -> str:
    return "routing/_batch.html" if request.htmx else "routing/batch.html"


def _models(request: HtmxHttpRequest, organisation: Organisation) -> dict[str, Card]:
    approved = approved_model_ids(request.user, organisation)
    return {id_: card for id_, card in organisation_cards(organisation).items() if id_ in approved}


def _examples() -> list[str]:
    return [
        _("What is the capital of Portugal?"),
        _(
            "Prove that the sum of two odd numbers is even, then find the flaw in my proof: 1 + 3 = 5."
        ),
        _("Rewrite this e-mail so that it sounds friendlier: Send me the report today."),
        _("Debug a deadlock between two threads that take the same locks in a different order."),
    ]
