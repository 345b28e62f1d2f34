from __future__ import annotations

from typing import Any

from accounts.models import AuditEntry, Organisation, User


def record(
    organisation: Organisation, actor: User | None, action: str, target: str, **detail: Any
) -> AuditEntry:
    """Write down who did what. Call it inside the transaction of the deed, and with no secret.

    `action` is a noun and a past verb ("key.added"); without an actor the server did it itself.
    """
    return AuditEntry.objects.create(
        organisation=organisation,
        actor=actor,
        actor_name=actor.email if actor else "Chofesh",
        action=action,
        target=target[:200],
        detail=detail,
    )
