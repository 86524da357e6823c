"""Keys that encrypt keys: how they are written, what they open, and what they refuse."""

import base64
import secrets
from pathlib import Path

import pytest

from tocsin.access.sealing import (
    Keyring,
    Sealed,
    SealingError,
    keys_in,
    name_of,
    new_key,
    read_keyring,
)

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_ring_seals_with_its_first_key_and_opens_with_any() -> None:
    sealed = Keyring([OLD]).seal(b"secret", "place")
    assert b"secret" not in sealed.value
    both = Keyring([NEW, OLD])
    assert both.open(sealed, "place") == b"secret"
    assert both.seal(b"secret", "place").by == name_of(NEW)
    assert Keyring([OLD]).seal(b"secret", "place") != sealed


def test_a_ring_without_keys_seals_nothing() -> None:
    assert Keyring().seal(b"secret", "place") == Sealed(b"secret", None)
    assert Keyring([OLD]).open(Sealed(b"secret", None), "place") == b"secret"


@pytest.mark.parametrize("harm", ["place", "bit", "short", "empty"])
def test_what_was_changed_or_stands_elsewhere_is_not_opened(harm: str) -> None:
    sealed = Keyring([OLD]).seal(b"secret", "signing key a")
    value, place = sealed.value, "signing key a"
    if harm == "place":
        place = "signing key b"
    elif harm == "bit":
        value = value[:-1] + bytes([value[-1] ^ 1])
    else:
        value = value[: {"short": 20, "empty": 0}[harm]]
    with pytest.raises(SealingError, match=f"{place} in the store was changed"):
        Keyring([OLD]).open(Sealed(value, sealed.by), place)


def test_a_missing_key_is_named() -> None:
    sealed = Keyring([OLD]).seal(b"secret", "place")
    with pytest.raises(SealingError, match=f"with key {name_of(OLD)}: name its file in .*not set"):
        Keyring().open(sealed, "place")
    with pytest.raises(SealingError, match=f"with key {name_of(OLD)}, but .* {name_of(NEW)}"):
        Keyring([NEW]).open(sealed, "place")


def test_keys_are_read_in_either_alphabet_with_comments_and_without_padding() -> None:
    raw = b"\xff\xfe" * 16
    plain, url = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    assert "/" in plain
    assert "_" in url
    text = f"# of 2026\n\n{plain}  # the new one\r\n{url.rstrip('=')}\n"
    assert keys_in(text, "x") == [raw, raw]
    assert Keyring(keys_in(text, "x")).names == (name_of(raw),)
    assert len(keys_in(new_key(), "x")[0]) == 32


# Tests are named by what they are given, so this must be the same each time.
KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no key"),
        ("# nothing\n", "has no key"),
        ("c2hvcnQ=", "line 1: must be 32 bytes in base64"),
        (f"{KEY}\n!!", "line 2: must be 32 bytes"),
        (base64.b64encode(b"x" * 33).decode(), "line 1: must be 32 bytes"),
    ],
)
def test_what_is_not_a_key_is_refused_without_being_shown(text: str, words: str) -> None:
    with pytest.raises(SealingError, match=words) as refused:
        keys_in(text, "access.key")
    assert not any(word in str(refused.value) for word in text.split() if len(word) > 9)


def test_files_that_cant_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SealingError, match=r"key_file: .*none: No such file"):
        read_keyring(tmp_path / "none", None)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff" + secrets.token_bytes(31))
    with pytest.raises(SealingError, match="is not a file of keys"):
        read_keyring(binary, None)
