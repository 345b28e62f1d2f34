"""Rules one by one: written, moved, deleted, tried, taken out and in. `scope` says whose."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from routing.policy_views import rules_context
from routing.rule_books import (
    Book,
    RulesChangedError,
    delete_rule,
    export_rules,
    import_rules,
    move_rule,
    restore_rules,
    save_rule,
)
from routing.rule_checks import Finding
from routing.rule_forms import RuleForm
from routing.rule_pages import PAGES, Scope, match
from routing.rule_words import rule_words
from routing.rules import RULES_MOST, RuleError, rules_from_json
from routing.views import HtmxHttpRequest

# A hundred rules with every condition filled take far less.
IMPORT_BYTES = 512 * 1024


@login_required
@require_http_methods(["GET", "POST"])
def rule(request: HtmxHttpRequest, scope: Scope, number: int | None = None) -> HttpResponse:
    """A rule that stands there, or without a number a new one."""
    book = PAGES[scope].book(request.user)
    entry = None if number is None else book.entry(number)
    form = RuleForm(book.known, request.POST or None, entry)
    if request.method == "POST" and form.is_valid():
        problem = _save(book, request.POST.get("seen", ""), number, form)
        if problem is None:
            messages.success(request, _("Saved."))
            return redirect(PAGES[scope].page)
        form.add_error(None, problem)
    draft = form.entry() if form.is_bound and not form.errors else entry
    context = {
        "form": form,
        "number": number,
        "pages": PAGES[scope],
        "seen": request.POST.get("seen") or book.state,
        **_check_context(book, number, draft),
    }
    return render(request, "routing/rule.html", context, status=400 if form.errors else 200)


def _save(book: Book, seen: str, number: int | None, form: RuleForm) -> str | None:
    """What kept the rule from being saved."""
    try:
        errors = save_rule(book, seen, number, form.entry())
    except RulesChangedError:
        return changed_words()
    except RuleError as error:
        return str(error)
    return " ".join(error.words for error in errors) or None


@login_required
@require_POST
def test(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Which rule would hold for a prompt; with a rule that is being written, as if it were saved."""
    book = PAGES[scope].book(request.user)
    prompt = request.POST.get("prompt", "")
    if "name" not in request.POST:
        tried = {"prompt": prompt, "match": match(book, prompt)}
        return render(request, "routing/_rule_test.html", tried)
    number = _number(request.POST.get("number", ""), book)
    form = RuleForm(book.known, request.POST, book.entry(number) if number else None)
    draft = form.entry() if form.is_valid() else None
    context = _check_context(book, number, draft)
    if draft is not None and context["check"] is not None:
        context |= {"match": match(book.with_entry(number, draft), prompt), "prompt": prompt}
    return render(request, "routing/_rule_check.html", context)


@login_required
@require_POST
def move(request: HtmxHttpRequest, scope: Scope, number: int) -> HttpResponse:
    book = PAGES[scope].book(request.user)
    by = -1 if request.POST.get("by") == "up" else 1
    try:
        place = move_rule(book, request.POST.get("seen", ""), number, by)
    except RulesChangedError:
        return _rules(request, scope, problem=changed_words())
    name = book.entry(number)["name"]
    words = _("“%(name)s” is rule %(place)s now.") % {"name": name, "place": place}
    return _rules(request, scope, said=words)


@login_required
@require_POST
def delete(request: HtmxHttpRequest, scope: Scope, number: int) -> HttpResponse:
    book = PAGES[scope].book(request.user)
    name = book.entry(number)["name"]
    try:
        undo = delete_rule(book, request.POST.get("seen", ""), number)
    except RulesChangedError:
        return _rules(request, scope, problem=changed_words())
    return _rules(request, scope, said=_("“%(name)s” was deleted.") % {"name": name}, undo=undo)


@login_required
@require_GET
def export(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    book = PAGES[scope].book(request.user)
    response = JsonResponse(
        export_rules(book), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    response["Content-Disposition"] = 'attachment; filename="rules.json"'
    return response


@login_required
@require_POST
def take(request: HtmxHttpRequest, scope: Scope) -> HttpResponse:
    """Import: all rules of an export in the place of all that are there, or none. Also the undo of a deletion."""
    book, seen = PAGES[scope].book(request.user), request.POST.get("seen", "")
    try:
        if "undo" in request.POST:
            restore_rules(book, seen, request.POST["undo"])
            return _rules(request, scope, said=_("The rule is back."))
        errors = import_rules(book, seen, _import_text(request))
    except RulesChangedError:
        return _rules(request, scope, problem=changed_words())
    except RuleError as error:
        return _rules(request, scope, problem=_nothing_taken(str(error)))
    if errors:
        return _rules(request, scope, problem=_nothing_taken(""), refused=errors)
    return _rules(request, scope, said=_("The rules were read in."))


def _import_text(request: HtmxHttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise RuleError(_("Choose a file first."))
    if (file.size or 0) > IMPORT_BYTES:
        raise RuleError(_("The file is too large for rules."))
    try:
        return bytes(file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RuleError(_("This is not JSON.")) from None


def changed_words() -> str:
    return _(
        "The rules were changed meanwhile, here or by somebody else. Nothing of yours was saved: "
        "look at them as they are now, and do it again."
    )


def _nothing_taken(why: str) -> str:
    return _("Nothing was imported, your rules are as they were. %(why)s") % {"why": why}


def _check_context(book: Book, number: int | None, draft: Any) -> dict[str, Any]:
    """What a rule says in words, and what is wrong with it; nothing for one that cannot be read."""
    if draft is None:
        return {"check": None, "findings": []}
    changed = book.with_entry(number, draft)
    try:
        (read,) = rules_from_json([draft])
    except RuleError as error:
        return {"check": None, "findings": [Finding("error", str(error))]}
    findings = changed.findings()[(number or len(changed.entries)) - 1]
    return {"check": rule_words(read, book.known.teams), "findings": findings}


def _number(text: str, book: Book) -> int | None:
    return int(text) if text.isdecimal() and 1 <= int(text) <= len(book.entries) else None


def _rules(request: HtmxHttpRequest, scope: Scope, **said: Any) -> HttpResponse:
    """The list as it is now, with what there is to say; without htmx as a page of its own."""
    context = {**rules_context(request, scope), "rules_most": RULES_MOST, **said}
    if request.htmx:
        return render(request, "routing/_rules.html", context)
    if said.get("refused") or said.get("problem") or said.get("undo"):
        return render(request, "routing/rules.html", context)
    messages.success(request, said["said"])
    return redirect(PAGES[scope].page)
