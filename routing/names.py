"""What ids are called for people."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from routing.cards import shipped_cards

CATEGORIES = {
    "chat": _("Everyday chat"),
    "questions": _("Questions & explanations"),
    "writing": _("Writing"),
    "creative": _("Creative writing"),
    "roleplay": _("Role-play"),
    "editing": _("Editing"),
    "summarising": _("Summarising"),
    "translation": _("Translation"),
    "extraction": _("Extracting & sorting"),
    "coding": _("Coding"),
    "maths": _("Maths"),
    "reasoning": _("Reasoning & analysis"),
    "ideas": _("Ideas & planning"),
}
COMPLEXITY = {
    "reasoning_steps": _("Steps of reasoning"),
    "specialist_knowledge": _("Specialist knowledge"),
    "constraints": _("Constraints and format"),
    "creativity": _("Creativity"),
    "context_dependence": _("Dependence on context"),
    "stakes": _("Cost of being wrong"),
}
PREFERENCES = {
    "balanced": _("Balanced"),
    "quality": _("Quality"),
    "speed": _("Speed"),
    "cost": _("Cost"),
}
PREFERENCE_WORDS = {
    "balanced": _("Quality against price and waiting"),
    "quality": _("The one most likely to succeed"),
    "speed": _("The quickest that is good enough"),
    "cost": _("The cheapest that is good enough"),
}
LANGUAGES = {
    "ar": _("Arabic"),
    "zh": _("Chinese"),
    "nl": _("Dutch"),
    "en": _("English"),
    "fr": _("French"),
    "de": _("German"),
    "he": _("Hebrew"),
    "hi": _("Hindi"),
    "it": _("Italian"),
    "ja": _("Japanese"),
    "ko": _("Korean"),
    "pl": _("Polish"),
    "pt": _("Portuguese"),
    "ru": _("Russian"),
    "es": _("Spanish"),
    "tr": _("Turkish"),
    "uk": _("Ukrainian"),
}
SENSITIVE = {
    "*": _("Anything sensitive"),
    "email": _("E-mail address"),
    "phone": _("Telephone number"),
    "payment_card": _("Payment card"),
    "bank_account": _("Bank account"),
    "national_id": _("Identity number"),
    "secret": _("Password or key"),
}
ATTACHMENTS = {"image": _("Image"), "document": _("Document")}
ONLY = {
    "local": _("Only models on your own machines"),
    "trusted": _("Only local and trusted models"),
}


def model_name(model_id: str) -> str:
    card = shipped_cards().get(model_id)
    return card.name if card else model_id.partition("/")[2] or model_id


def category_name(category: str) -> str:
    return name_in(CATEGORIES, category)


def name_in(names: Mapping[str, object], id_: str) -> str:
    """An id that has no name stands for itself."""
    return str(names.get(id_, id_))
