from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection

from tests.cast import make_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(organisation, key_ring):
    return make_key(organisation)


def back_up(folder: Path, *options: str) -> str:
    said = StringIO()
    call_command("backup", str(folder), *options, stdout=said)
    return said.getvalue()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_copy_is_for_its_owner_alone(sealed, tmp_path):
    back_up(tmp_path / "copies")

    made = files(tmp_path / "copies")
    assert len(made) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in made} == {0o700}


def test_the_key_ring_is_not_beside_the_copy_and_the_words_say_so(sealed, tmp_path, settings):
    said = back_up(tmp_path / "copies")

    assert "was not copied" in said
    ring = [path for path in files(Path(settings.KEYS_DIR)) if path.name != "primary"]
    roots = [path.read_bytes().strip() for path in ring]
    copied = b"".join(path.read_bytes() for path in files(tmp_path / "copies"))
    assert [root in copied for root in roots] == [False]


def test_the_key_ring_goes_to_a_place_of_its_own(sealed, tmp_path, settings):
    said = back_up(tmp_path / "copies", "--keys", str(tmp_path / "elsewhere"))

    assert "Keep the two apart" in said
    (copy,) = (tmp_path / "elsewhere").iterdir()
    assert {path.name for path in copy.iterdir()} == {
        path.name for path in Path(settings.KEYS_DIR).iterdir()
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in copy.iterdir()} == {0o600}


@pytest.mark.parametrize("where", [".", "deeper", ".."])
def test_the_key_ring_is_refused_beside_the_copy(sealed, tmp_path, where):
    with pytest.raises(CommandError, match="must not be copied beside"):
        back_up(tmp_path / "copies", "--keys", str(tmp_path / "copies" / where))

    assert files(tmp_path / "copies") == []


def test_what_is_there_is_never_replaced(sealed, tmp_path):
    back_up(tmp_path)
    (copy,) = tmp_path.glob("chofesh-*")

    with pytest.raises(CommandError, match="already"):
        call_command("restore", str(copy))


def test_a_damaged_copy_is_refused(sealed, tmp_path):
    back_up(tmp_path)
    (copy,) = tmp_path.glob("chofesh-*")
    database = next(path for path in copy.iterdir() if path.name != "backup.json")
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)

    with pytest.raises(CommandError, match="is damaged"):
        call_command("restore", str(copy))


def test_what_is_no_backup_is_refused(tmp_path):
    with pytest.raises(CommandError, match="is not a backup"):
        call_command("restore", str(tmp_path))


def test_a_place_that_cannot_be_written_to_is_named(sealed, tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(CommandError, match="Nothing can be written to"):
        back_up(tmp_path / "file")


@pytest.mark.skipif(connection.vendor == "postgresql", reason="its database is not a file")
def test_the_log_of_a_former_database_is_in_the_way(sealed, tmp_path, monkeypatch):
    """SQLite would play it over what was restored."""
    back_up(tmp_path)
    (copy,) = tmp_path.glob("chofesh-*")
    place = tmp_path / "empty" / "chofesh.sqlite3"
    place.parent.mkdir()
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(place))
    Path(f"{place}-wal").write_bytes(b"left behind")

    with pytest.raises(CommandError, match="sqlite3-wal"):
        call_command("restore", str(copy))
    assert not place.exists()


@pytest.mark.skipif(connection.vendor == "postgresql", reason="tests/services/test_backup.py")
def test_no_session_is_in_the_copy(sealed, alice, client, tmp_path):
    client.force_login(alice)
    assert Session.objects.exists()

    back_up(tmp_path)

    (copy,) = tmp_path.glob("chofesh-*/*.sqlite3")
    with closing(sqlite3.connect(copy)) as copied:
        assert copied.execute("SELECT COUNT(*) FROM django_session").fetchone() == (0,)
        assert copied.execute("SELECT COUNT(*) FROM accounts_user").fetchone() == (1,)
    assert client.session.session_key.encode() not in copy.read_bytes()
