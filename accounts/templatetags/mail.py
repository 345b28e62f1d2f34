from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def sends_email() -> bool:
    return bool(settings.EMAIL_HOST)
