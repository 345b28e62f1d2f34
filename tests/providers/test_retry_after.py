from __future__ import annotations

from datetime import UTC, datetime

import pytest

from providers.retry_after import LONGEST_S, retry_after_s

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "9" * 400}, LONGEST_S),
        ({"retry-after": "Sat, 21 Nov 2026 09:31:30 GMT"}, 90.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "30"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "30"}, 30.0),
    ],
)
def test_a_wait_is_read_from_the_headers(headers, expected):
    assert retry_after_s(headers, NOW) == expected
