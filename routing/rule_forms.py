"""The form of one rule: figures as people write them, to and from the stored entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.names import (
    ATTACHMENTS,
    CATEGORIES,
    LANGUAGES,
    ONLY,
    PREFERENCES,
    SENSITIVE,
    model_name,
)
from routing.rule_checks import HOURS, Known

ANY_HOUR = [("", "–")] + [(hour, f"{hour:02}:00") for hour in range(HOURS)]
# What stands in a condition under the same name, as it is.
CHOSEN = ("categories", "languages", "attachments", "sensitive", "teams")
TYPED = ("tools", "data_classes")
SELDOM = ("languages", "min_prompt_tokens", "max_prompt_tokens", "attachments", "tools", "data_classes",
          "sensitive", "teams", "hour_from", "hour_until", "max_budget_left_usd")  # fmt: skip


class WordsField(forms.CharField):
    """Words with commas between them, as a list."""

    def to_python(self, value: str | None) -> list[str]:  # type: ignore[override]
        words = (word.strip() for word in (value or "").split(","))
        return list(dict.fromkeys(word for word in words if word))

    def prepare_value(self, value: str | list[str] | None) -> str | None:
        return ", ".join(value) if isinstance(value, list) else value


class ChoicesField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple


class RuleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    categories = ChoicesField(label=gettext_lazy("Kind of message"), required=False)
    min_difficulty = forms.FloatField(
        label=gettext_lazy("Difficulty from, %"), min_value=0, max_value=100, required=False
    )
    max_difficulty = forms.FloatField(
        label=gettext_lazy("Difficulty up to, %"), min_value=0, max_value=100, required=False
    )
    languages = ChoicesField(label=gettext_lazy("Language"), required=False)
    min_prompt_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens from"), min_value=0, max_value=10**9, required=False
    )
    max_prompt_tokens = forms.IntegerField(
        label=gettext_lazy("Tokens up to"), min_value=0, max_value=10**9, required=False
    )
    attachments = ChoicesField(label=gettext_lazy("Attached"), required=False)
    tools = WordsField(
        label=gettext_lazy("Tools switched on"),
        required=False,
        help_text=gettext_lazy("With commas between them: web_search, or a function’s name."),
    )
    data_classes = WordsField(
        label=gettext_lazy("Data class"),
        required=False,
        help_text=gettext_lazy("As the caller names it: public, internal, confidential."),
    )
    sensitive = ChoicesField(label=gettext_lazy("Sensitive text found"), required=False)
    teams = ChoicesField(label=gettext_lazy("Team of the person"), required=False)
    hour_from = forms.TypedChoiceField(
        label=gettext_lazy("From"), choices=ANY_HOUR, coerce=int, empty_value=None, required=False
    )
    hour_until = forms.TypedChoiceField(
        label=gettext_lazy("Until"), choices=ANY_HOUR, coerce=int, empty_value=None, required=False
    )
    max_budget_left_usd = forms.FloatField(
        label=gettext_lazy("Budget left at most, USD"), min_value=0, required=False
    )
    models = ChoicesField(label=gettext_lazy("Only these models"), required=False)
    forbid = ChoicesField(label=gettext_lazy("Never these models"), required=False)
    only = forms.ChoiceField(label=gettext_lazy("Where they run"), required=False)
    preference = forms.ChoiceField(label=gettext_lazy("Preference"), required=False)
    floor = forms.FloatField(
        label=gettext_lazy("Least expected success, %"), min_value=0, max_value=100, required=False
    )

    def __init__(
        self, known: Known, data: Any = None, entry: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial_of(entry) if entry else None)
        then = entry["then"] if entry else {}
        for name in ("models", "forbid"):
            self._field(name).choices = _model_choices(known, then.get(name, ()))
        self._field("categories").choices = CATEGORIES.items()
        self._field("languages").choices = _language_choices(entry)
        self._field("attachments").choices = ATTACHMENTS.items()
        self._field("sensitive").choices = SENSITIVE.items()
        self._field("teams").choices = _team_choices(known, entry)
        self._field("only").choices = [("", _("Anywhere")), *ONLY.items()]
        self._field("preference").choices = [("", _("As usual")), *PREFERENCES.items()]

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if (given.get("hour_from") is None) != (given.get("hour_until") is None):
            self.add_error("hour_until", _("Give both hours, or neither."))
        return given

    @property
    def has_more(self) -> bool:
        """Whether any of the seldom used conditions is filled in, so that they are shown."""
        return any(self[name].value() not in (None, "", []) for name in SELDOM)

    def entry(self) -> dict[str, Any]:
        """Call when the form is valid. What was left open is left out."""
        given = self.cleaned_data
        when: dict[str, Any] = {name: given[name] for name in (*CHOSEN, *TYPED) if given[name]}
        for name in ("min_difficulty", "max_difficulty"):
            if given[name] is not None:
                when[name] = given[name] / 100
        for name in ("min_prompt_tokens", "max_prompt_tokens", "max_budget_left_usd"):
            if given[name] is not None:
                when[name] = given[name]
        if given["hour_from"] is not None:
            when["hours"] = [given["hour_from"], given["hour_until"]]
        then = {
            name: given[name] for name in ("models", "forbid", "only", "preference") if given[name]
        }
        if given["floor"] is not None:
            then["floor"] = given["floor"] / 100
        return {"name": given["name"], "when": when, "then": then}


def initial_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {"name": entry["name"], **entry["when"], **entry["then"]}
    for name in ("min_difficulty", "max_difficulty", "floor"):
        if name in values:
            values[name] = f"{100 * values[name]:.6g}"
    values["hour_from"], values["hour_until"] = values.pop("hours", (None, None))
    return values


def _model_choices(known: Known, chosen: Iterable[str]) -> list[tuple[str, str]]:
    """Those that may be used, and those that the rule names already, by name."""
    ids = (known.usable & known.cards.keys()) | set(chosen)
    named = [(id_, known.cards[id_].name if id_ in known.cards else model_name(id_)) for id_ in ids]
    return sorted(named, key=lambda choice: (choice[1].casefold(), choice[0]))


def _language_choices(entry: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    chosen = entry["when"].get("languages", ()) if entry else ()
    return [*LANGUAGES.items(), *((code, code) for code in chosen if code not in LANGUAGES)]


def _team_choices(known: Known, entry: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    chosen = entry["when"].get("teams", ()) if entry else ()
    gone = [(team, _("A team that is gone")) for team in chosen if team not in known.teams]
    return [*known.teams.items(), *gone]
