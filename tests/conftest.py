from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.key_ring import KeyRing, create_key_ring, load_key_ring
from accounts.models import Organisation, User
from tests.cast import make_member, make_organisation, make_user
from tests.settings import FOLDER


@pytest.fixture(scope="session", autouse=True)
def _throw_away_folder() -> Iterator[None]:
    yield
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice@example.org")


@pytest.fixture
def organisation(alice: User) -> Organisation:
    return make_organisation(alice)


@pytest.fixture
def bob(organisation: Organisation) -> User:
    return make_member(organisation, "bob@example.org")


@pytest.fixture
def charlie(db: None) -> User:
    user = make_user("charlie@example.org")
    make_organisation(user, "Elsewhere")
    return user


@pytest.fixture
def key_ring(tmp_path: Path, settings) -> KeyRing:
    settings.KEYS, settings.PRIMARY_KEY = "", ""
    settings.KEYS_DIR = tmp_path / "keys"
    create_key_ring(settings.KEYS_DIR)
    return load_key_ring()
