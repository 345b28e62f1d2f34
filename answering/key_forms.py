from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from answering.key_test import KeyTestError
from providers.registry import PROVIDERS, Provider

LEAST_CHARACTERS = 8
MOST_CHARACTERS = 400
BEARER = "bearer "


class KeyForm(forms.Form):
    """A pasted key. It is never shown again, not even when the form comes back with an error."""

    text = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=MOST_CHARACTERS + len(BEARER),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, provider: Provider, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.provider = provider
        if provider.key_prefix:
            self.fields["text"].widget.attrs["placeholder"] = f"{provider.key_prefix}…"

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip().strip("\"'")
        if text.lower().startswith(BEARER):
            text = text[len(BEARER) :].lstrip()
        if not text:
            return ""
        if not text.isascii() or not text.isprintable() or " " in text:
            raise forms.ValidationError(
                _("A key is one word of plain letters and digits. Copy it again, alone.")
            )
        if not LEAST_CHARACTERS <= len(text) <= MOST_CHARACTERS:
            raise forms.ValidationError(
                _("This is too short or too long for a key. Copy the whole key again, and only it.")
            )
        self._refuse_key_of_another(text)
        return text

    def refuse(self, error: KeyTestError) -> None:
        """Show what the test found, and offer to save all the same where the key may be right."""
        self.add_error("text", str(error))
        if error.may_be_saved:
            self.fields["untested"] = forms.BooleanField(
                label=_("Save it untested"), required=False
            )

    @property
    def is_untested(self) -> bool:
        return self.data.get("untested") == "on"

    def _refuse_key_of_another(self, text: str) -> None:
        owners = [other for other in PROVIDERS.values() if _begins(text, other.key_prefix)]
        if not owners or self.provider.is_local or not self.provider.base_url:
            return
        likeliest = max(owners, key=lambda other: len(other.key_prefix))
        if likeliest.key_prefix != self.provider.key_prefix:
            words = _("This looks like a key of %(other)s, not of %(name)s. Nothing was saved.")
            names = {"other": likeliest.name, "name": self.provider.name}
            raise forms.ValidationError(words % names)


class EndpointForm(KeyForm):
    """The address of a server of one's own; whether it wants a key, only its owner knows."""

    base_url = forms.CharField(label=gettext_lazy("Address"), max_length=500)

    field_order = ["base_url", "text"]

    def __init__(self, provider: Provider, *arguments: Any, **options: Any) -> None:
        super().__init__(provider, *arguments, **options)
        self.fields["text"].required = False
        self.fields["base_url"].initial = provider.base_url
        self.fields["base_url"].widget.attrs |= {"dir": "ltr", "placeholder": "https://"}


class AddressForm(forms.Form):
    base_url = forms.CharField(label=gettext_lazy("Address"), max_length=500)


def _begins(text: str, prefix: str) -> bool:
    return bool(prefix) and text.startswith(prefix)
