"""One prompt under all four preferences, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from routing.cards import provider_name
from routing.engine.demand import prompt_tokens
from routing.engine.length import estimate_tokens
from routing.engine.values import (
    COMPLEXITY,
    PREFERENCES,
    Card,
    Decision,
    Incumbent,
    Reading,
    Request,
    Scored,
    Turn,
)
from routing.figures import cost_words, seconds_words, tokens_words
from routing.names import COMPLEXITY as COMPLEXITY_NAMES
from routing.names import (
    LANGUAGES,
    PREFERENCE_WORDS,
    SENSITIVE,
    category_name,
    model_name,
    name_in,
)
from routing.names import PREFERENCES as PREFERENCE_NAMES
from routing.trial import Trial, try_out

PROMPT_CHARACTERS = 100_000
# A category below this is not worth a bar.
LEAST_SHARE = 0.01
TOP_LEVEL = 3


class PlaygroundForm(forms.Form):
    prompt = forms.CharField(
        label=gettext_lazy("Prompt"), max_length=PROMPT_CHARACTERS, widget=forms.Textarea
    )
    web_search = forms.BooleanField(label=gettext_lazy("Web search"), required=False)
    functions = forms.BooleanField(label=gettext_lazy("Function calling"), required=False)
    structured = forms.BooleanField(label=gettext_lazy("Fixed output format"), required=False)
    images = forms.IntegerField(
        label=gettext_lazy("Images"), min_value=0, max_value=50, required=False
    )
    documents = forms.IntegerField(
        label=gettext_lazy("Documents"), min_value=0, max_value=50, required=False
    )
    data_class = forms.ChoiceField(
        label=gettext_lazy("Data class"),
        choices=[
            ("", gettext_lazy("Not given")),
            ("public", gettext_lazy("Public")),
            ("internal", gettext_lazy("Internal")),
            ("confidential", gettext_lazy("Confidential")),
        ],
        required=False,
    )
    before = forms.CharField(
        label=gettext_lazy("The message before"),
        max_length=PROMPT_CHARACTERS,
        required=False,
        widget=forms.Textarea,
    )
    reply = forms.CharField(
        label=gettext_lazy("Its reply"),
        max_length=PROMPT_CHARACTERS,
        required=False,
        widget=forms.Textarea,
    )
    incumbent = forms.ChoiceField(label=gettext_lazy("Answered by"), required=False)
    earlier_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens of the conversation so far"),
        min_value=0,
        max_value=10_000_000,
        required=False,
    )

    def __init__(self, models: Mapping[str, Card], data: Any = None) -> None:
        super().__init__(data)
        names = sorted((card.name, id_) for id_, card in models.items())
        incumbent = self.fields["incumbent"]
        assert isinstance(incumbent, forms.ChoiceField)
        incumbent.choices = [("", _("Nobody yet")), *((id_, name) for name, id_ in names)]

    def request(self) -> Request:
        """Call when the form is valid."""
        given = self.cleaned_data
        before = [Turn("user", given["before"])] if given["before"] else []
        reply = [Turn("assistant", given["reply"])] if given["reply"] else []
        tools = {"web_search": given["web_search"], "function": given["functions"]}
        return Request(
            turns=(*before, *reply, Turn("user", given["prompt"])),
            images=given["images"] or 0,
            documents=given["documents"] or 0,
            tools=tuple(tool for tool, is_on in tools.items() if is_on),
            response_format="json_schema" if given["structured"] else None,
            data_class=given["data_class"] or None,
        )


@dataclass(frozen=True, slots=True)
class Option:
    """What one preference would take; no model where none can answer."""

    id: str
    name: str
    words: str
    model: str
    provider: str
    success_percent: int
    cost_words: str
    wait_words: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Line:
    """One model; `ranks` under the preferences in their order, None where it was refused."""

    name: str
    provider: str
    success_percent: int
    cost_words: str
    wait_words: str
    ranks: list[int | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    bars: list[dict[str, Any]]
    difficulty_percent: int
    complexity: list[dict[str, Any]]
    language: str
    length_words: str
    sensitive: list[str]
    rule: str
    options: list[Option]
    lines: list[Line]
    rejected: list[tuple[str, str]]


def outcome(user: User, organisation: Organisation, form: PlaygroundForm) -> Outcome:
    """Call with a valid form. Nothing is called, nothing is stored."""
    trial = _trial(user, organisation, form)
    decisions = [trial.preferring(preference) for preference in PREFERENCES]
    reading = trial.reading
    return Outcome(
        bars=bars(reading),
        difficulty_percent=round(100 * reading.difficulty),
        complexity=[
            {
                "name": COMPLEXITY_NAMES[part],
                "level": reading.complexity.get(part, 0),
                "of": TOP_LEVEL,
            }
            for part in COMPLEXITY
        ],
        language=name_in(LANGUAGES, reading.language),
        length_words=tokens_words(prompt_tokens(reading, trial.request)),
        sensitive=[name_in(SENSITIVE, kind) for kind in reading.sensitive],
        rule=decisions[0].rule or "",
        options=[
            _option(preference, decision)
            for preference, decision in zip(PREFERENCES, decisions, strict=True)
        ],
        lines=_lines(decisions),
        rejected=_rejected(decisions[0]),
    )


def bars(reading: Reading) -> list[dict[str, Any]]:
    shares = sorted(reading.categories.items(), key=lambda item: -item[1])
    return [
        {"name": category_name(category), "share": share, "percent": round(100 * share)}
        for category, share in shares
        if share >= LEAST_SHARE
    ]


def likely_percent(success: float) -> int:
    """1..99, since a prediction is never certain."""
    return min(99, max(1, round(100 * success)))


def _trial(user: User, organisation: Organisation, form: PlaygroundForm) -> Trial:
    request, given = form.request(), form.cleaned_data
    trial = try_out(user, organisation, request)
    said = sum(estimate_tokens(turn.text) for turn in request.turns[:-1])
    earlier = given["earlier_tokens"] or 0
    if earlier > said:
        longer = prompt_tokens(trial.reading, request) + earlier - said
        trial = replace(trial, request=replace(request, prompt_tokens=longer))
    if given["incumbent"]:
        incumbent = Incumbent(given["incumbent"], trial.reading.difficulty, max(earlier, said))
        trial = replace(trial, incumbent=incumbent)
    return trial


def _option(preference: str, decision: Decision) -> Option:
    chosen = decision.chosen
    card = chosen.candidate.card if chosen else None
    return Option(
        id=preference,
        name=str(PREFERENCE_NAMES[preference]),
        words=str(PREFERENCE_WORDS[preference]),
        model=card.name if card else "",
        provider=provider_name(card.provider) if card else "",
        success_percent=likely_percent(chosen.success) if chosen else 0,
        cost_words=cost_words(chosen.cost_usd) if chosen else "",
        wait_words=seconds_words(chosen.wait_s) if chosen else "",
        explanation=decision.explanation,
    )


def _lines(decisions: list[Decision]) -> list[Line]:
    """The models that fit, by how soon any preference takes them."""
    ranks = [_ranks(decision.candidates) for decision in decisions]
    first = {each.candidate.card.id: each for decision in decisions for each in decision.candidates}
    lines = [
        Line(
            name=each.candidate.card.name,
            provider=provider_name(each.candidate.card.provider),
            success_percent=likely_percent(each.success),
            cost_words=cost_words(each.cost_usd),
            wait_words=seconds_words(each.wait_s),
            ranks=[rank.get(model) for rank in ranks],
        )
        for model, each in first.items()
    ]
    far = len(first) + 1
    return sorted(lines, key=lambda line: (min(rank or far for rank in line.ranks), line.name))


def _ranks(candidates: Iterable[Scored]) -> dict[str, int]:
    """Places of models; the same model by another key has no place of its own."""
    models = dict.fromkeys(each.candidate.card.id for each in candidates)
    return {model: place for place, model in enumerate(models, start=1)}


def _rejected(decision: Decision) -> list[tuple[str, str]]:
    fitting = {each.candidate.card.id for each in decision.candidates}
    reasons: dict[str, str] = {}
    for each in decision.rejected:
        if each.model not in fitting:
            reasons.setdefault(each.model, each.reason)
    return [(model_name(model), reason) for model, reason in reasons.items()]
