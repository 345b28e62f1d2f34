from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Membership


def membership(request: HttpRequest) -> dict[str, object]:
    """`membership` in every template: the person's place in their organisation, or nothing."""

    def find() -> Membership | None:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        return (
            Membership.objects.select_related("organisation").filter(user=user, active=True).first()
        )

    return {"membership": SimpleLazyObject(find)}
