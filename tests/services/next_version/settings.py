"""Chofesh as its next version might be: the same, and one migration of a busy table more."""

from __future__ import annotations

from chofesh.settings import *  # noqa: F403
from chofesh.settings import INSTALLED_APPS as OF_THIS_VERSION

INSTALLED_APPS = [*OF_THIS_VERSION, "tests.services.next_version"]
