from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """What a test needs is not on this machine; where everything must be tested that is a failure."""
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    raise AssertionError
