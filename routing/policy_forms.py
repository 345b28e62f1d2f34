"""What an organisation and a person set for Auto, apart from their rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.engine.values import Card
from routing.models import PersonalRouting, RoutingPolicy
from routing.names import PREFERENCES, model_name
from routing.policy import AUTO, PersonalChange, PolicyChange

Choices = Sequence[tuple[str, str]]


class PolicyForm(forms.Form):
    preference = forms.ChoiceField(
        label=gettext_lazy("Preference"), choices=PREFERENCES.items(), widget=forms.RadioSelect
    )
    auto_allowed = forms.BooleanField(label=gettext_lazy("Members may use Auto"), required=False)
    default_model = forms.ChoiceField(label=gettext_lazy("New chats start with"))
    reference_model = forms.ChoiceField(
        label=gettext_lazy("Savings are told against"),
        required=False,
        help_text=gettext_lazy("What the same tokens would have cost with this model."),
    )

    reader_model = forms.ChoiceField(
        label=gettext_lazy("Where the kind of a message is unclear, ask"),
        required=False,
        help_text=gettext_lazy(
            "It reads the beginning of the message, has 0.8 seconds, and its cost stands on the receipt. "
            "Take a cheap, quick one."
        ),
    )
    reader_below = forms.FloatField(
        label=gettext_lazy("Unclear: the likeliest kind has less than, %"),
        min_value=0,
        max_value=100,
        required=False,
    )

    def __init__(self, row: RoutingPolicy, models: Mapping[str, Card], data: Any = None) -> None:
        fields = ("preference", "auto_allowed", "default_model", "reference_model", "reader_model")
        initial = {name: getattr(row, name) for name in fields}
        super().__init__(data, initial={**initial, "reader_below": f"{100 * row.reader_below:.4g}"})
        auto = [(AUTO, _("Auto"))]
        _choices(self, "default_model", auto + model_choices(models, [row.default_model]))
        best = [("", _("The best approved model"))]
        _choices(self, "reference_model", best + model_choices(models, [row.reference_model]))
        nobody = [("", _("Nobody: this server decides alone"))]
        _choices(self, "reader_model", nobody + model_choices(models, [row.reader_model]))

    def change(self) -> PolicyChange:
        given = dict(self.cleaned_data)
        below = given.pop("reader_below")
        if below is not None:
            given["reader_below"] = below / 100
        return PolicyChange(**given)


class PersonalForm(forms.Form):
    ALL, SOME = "all", "some"

    preference = forms.ChoiceField(
        label=gettext_lazy("Preference"), required=False, widget=forms.RadioSelect
    )
    auto_allowed = forms.BooleanField(label=gettext_lazy("Use Auto"), required=False)
    default_model = forms.ChoiceField(label=gettext_lazy("New chats start with"), required=False)
    choose_from = forms.ChoiceField(
        label=gettext_lazy("Auto chooses from"),
        choices=[
            (ALL, gettext_lazy("All models that are approved for me")),
            (SOME, gettext_lazy("Only these")),
        ],
        widget=forms.RadioSelect,
    )
    pool = forms.MultipleChoiceField(
        label=gettext_lazy("Models"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, row: PersonalRouting, models: Mapping[str, Card], data: Any = None) -> None:
        super().__init__(
            data,
            initial={
                "preference": row.preference,
                "auto_allowed": row.auto_allowed,
                "default_model": row.default_model,
                "choose_from": self.ALL if row.pool is None else self.SOME,
                "pool": row.pool,
            },
        )
        follow = [("", _("As the organisation"))]
        named = [(id_, str(name)) for id_, name in PREFERENCES.items()]
        _choices(self, "preference", follow + named)
        auto = [*follow, (AUTO, _("Auto"))]
        _choices(self, "default_model", auto + model_choices(models, [row.default_model]))
        _choices(self, "pool", model_choices(models, row.pool or ()))

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("choose_from") == self.SOME and not given.get("pool"):
            self.add_error("pool", _("Tick at least one model, or let Auto choose from all."))
        return given

    def change(self) -> PersonalChange:
        given = dict(self.cleaned_data)
        only = given.pop("choose_from") == self.SOME
        return PersonalChange(
            **given
            | {
                "preference": given["preference"] or None,
                "pool": tuple(given["pool"]) if only else None,
            }
        )


def model_choices(models: Mapping[str, Card], chosen: Iterable[str]) -> list[tuple[str, str]]:
    """By name; what is chosen already stays on offer, even where it is no longer approved."""
    others = [id_ for id_ in chosen if id_ not in models and id_ not in {"", AUTO}]
    gone = _("%(model)s (not approved)")
    return sorted(
        [
            *((id_, card.name) for id_, card in models.items()),
            *((id_, gone % {"model": model_name(id_)}) for id_ in others),
        ],
        key=lambda choice: choice[1].casefold(),
    )


def _choices(form: forms.Form, name: str, choices: Choices) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
