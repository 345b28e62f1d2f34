from __future__ import annotations

import base64
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from accounts.key_ring import (
    KeyRingError,
    add_root,
    create_key_ring,
    load_key_ring,
    ring_from_folder,
    ring_from_text,
)


def encoded(root: bytes) -> str:
    return base64.b64encode(root).decode()


GOOD = encoded(secrets.token_bytes(32))


def test_it_makes_a_ring_that_only_its_user_may_read(tmp_path):
    folder = tmp_path / "ring" / "keys"
    assert create_key_ring(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_it_leaves_an_existing_ring_alone(tmp_path):
    create_key_ring(tmp_path / "keys")
    before = ring_from_folder(tmp_path / "keys")
    assert not create_key_ring(tmp_path / "keys")
    assert ring_from_folder(tmp_path / "keys") == before


def test_processes_that_start_together_make_one_key(tmp_path):
    together = Barrier(8)

    def start(_number: int) -> bool:
        together.wait()
        return create_key_ring(tmp_path / "keys")

    with ThreadPoolExecutor(8) as processes:
        made = list(processes.map(start, range(8)))

    assert made.count(True) == len(ring_from_folder(tmp_path / "keys").roots) == 1


def test_a_new_root_becomes_the_primary_one(tmp_path):
    create_key_ring(tmp_path / "keys")
    added = add_root(tmp_path / "keys")
    ring = ring_from_folder(tmp_path / "keys")
    assert ring.primary == added
    assert len(ring.roots) == 2


def test_a_killed_addition_leaves_a_whole_ring(tmp_path):
    create_key_ring(tmp_path / "keys")
    before = ring_from_folder(tmp_path / "keys")
    (tmp_path / "keys" / "k20261121-000000-abcdef.0123abcd").write_text("half")
    assert ring_from_folder(tmp_path / "keys") == before


def test_it_refuses_a_root_that_others_may_read(tmp_path):
    create_key_ring(tmp_path / "keys")
    key = tmp_path / "keys" / ring_from_folder(tmp_path / "keys").primary
    key.chmod(0o640)
    with pytest.raises(KeyRingError, match=f"chmod 600 {key}"):
        ring_from_folder(tmp_path / "keys")


def test_a_missing_folder_says_what_to_do(tmp_path):
    with pytest.raises(KeyRingError, match="put it back"):
        ring_from_folder(tmp_path / "none")


def test_a_pointer_to_a_missing_root_is_refused(tmp_path):
    create_key_ring(tmp_path / "keys")
    (tmp_path / "keys" / "primary").write_text("gone")
    with pytest.raises(KeyRingError, match="gone"):
        ring_from_folder(tmp_path / "keys")


def test_it_reads_a_ring_from_the_environment(settings):
    settings.KEYS = f"a:{GOOD},b:{encoded(secrets.token_bytes(32))}"
    settings.PRIMARY_KEY = "b"
    assert load_key_ring().primary == "b"
    assert set(load_key_ring().roots) == {"a", "b"}


@pytest.mark.parametrize(
    "root",
    [
        b"",
        secrets.token_bytes(31),
        secrets.token_bytes(33),
        bytes(32),
        bytes(range(100, 132)),
        b"correct horse battery staple pass",
        b"an ordinary text of 32 bytes....",
        b"\x80\x01" * 16,
        base64.b64decode("6IrYs8w1nB0k0b6fG9mCz4xXqUuQm1cVnq2dM3yT7hI="),
    ],
    ids=["none", "short", "long", "zeros", "counting", "words", "text", "pattern", "example"],
)
def test_it_refuses_a_weak_root(root):
    with pytest.raises(KeyRingError):
        ring_from_text(f"a:{encoded(root)}", "a")


@pytest.mark.parametrize(
    "text",
    ["a", "a:", ":" + GOOD, "A B:" + GOOD, "primary:" + GOOD, "a:***"],
    # The root is random, and test processes must agree on the names of the tests.
    ids=["no root", "empty root", "no id", "space in the id", "reserved id", "not base64"],
)
def test_it_refuses_what_is_no_ring(text):
    with pytest.raises(KeyRingError):
        ring_from_text(text, "a")


def test_errors_do_not_show_a_root():
    with pytest.raises(KeyRingError) as caught:
        ring_from_text(f"A B:{GOOD}", "")
    assert GOOD not in str(caught.value)


def test_a_thousand_random_roots_are_strong():
    for _ in range(1000):
        ring_from_text(f"a:{encoded(secrets.token_bytes(32))}", "a")
