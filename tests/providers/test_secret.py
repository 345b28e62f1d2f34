from __future__ import annotations

import copy
import json
import pickle
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from providers.secret import SecretStr

CANARY = "sk-canary-0123456789"


@dataclass(frozen=True)
class Holder:
    key: SecretStr


SHOWN: dict[str, Any] = {
    "repr": repr,
    "str": str,
    "f-string": lambda secret: f"{secret}",
    "f-string of its repr": lambda secret: f"{secret!r:>40}",
    "percent": lambda secret: "%s" % secret,  # noqa: UP031
    "dataclass": lambda secret: repr(Holder(secret)),
    "list": lambda secret: repr([secret]),
    "dir": lambda secret: str(dir(secret)),
}
REFUSED: dict[str, Any] = {
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "json": json.dumps,
    "orjson": orjson.dumps,
    "hash": hash,
    "vars": vars,
    "equal": lambda secret: secret == SecretStr(CANARY),
    "unequal": lambda secret: secret != CANARY,
    "set": lambda secret: {secret},
    "add": lambda secret: secret + "",
    "iterate": list,
    "assign": lambda secret: setattr(secret, "content", "x"),
}


@pytest.mark.parametrize("way", SHOWN)
def test_it_shows_nothing(way):
    assert "canary" not in str(SHOWN[way](SecretStr(CANARY)))


@pytest.mark.parametrize("way", REFUSED)
def test_it_refuses(way):
    with pytest.raises((TypeError, AttributeError)) as caught:
        REFUSED[way](SecretStr(CANARY))
    assert "canary" not in str(caught.value)


def test_it_says_whether_there_is_a_key():
    assert SecretStr(CANARY)
    assert not SecretStr("")


def test_it_opens_for_the_transport():
    assert SecretStr(CANARY).reveal_for_transport() == CANARY
