"""How long the oldest message has been waiting for somebody to begin its reply."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from django.db import DatabaseError, InterfaceError
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from chat.models import Reply, ReplyState


class QueueAge(Collector):
    """Read when Prometheus asks, by any process: without a worker nobody else would tell."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(
            "chofesh_oldest_queued_seconds", "Age of the oldest reply that nobody has begun"
        )

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for family in self.describe():
            with suppress(DatabaseError, InterfaceError):
                family.add_metric([], _oldest_s())
            yield family


def _oldest_s() -> float:
    asked_at = Coalesce(Max("continuations__created_at"), "created_at")
    queued = Reply.objects.filter(state=ReplyState.QUEUED).annotate(asked_at=asked_at)
    oldest = min(queued.values_list("asked_at", flat=True), default=None)
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
