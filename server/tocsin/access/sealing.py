"""Encrypts keys for the store, by AES-256-GCM, with keys that a file or a variable has.

The first key encrypts; the others only decrypt, so that a key can be replaced while nodes run.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
NAME_DIGITS = 12
COMMENT = "#"
WHERE = "access.key_file (or access.key)"


class SealingError(Exception):
    """A key that encrypts is missing, wrong or unreadable; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value as the store keeps it, and the name of the key that encrypts it; None: plain."""

    value: bytes
    by: str | None


class Keyring:
    """Seals with its first key, and opens with any; without a key it seals nothing."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._ciphers = {name_of(key): AESGCM(key) for key in keys}

    @property
    def names(self) -> Sequence[str]:
        """The names of its keys, that of the first one first."""
        return tuple(self._ciphers)

    @property
    def first(self) -> str | None:
        """The name of the key that encrypts."""
        return next(iter(self._ciphers), None)

    def seal(self, secret: bytes, place: str) -> Sealed:
        """Encrypts a secret for one place, in which alone it can be opened."""
        if self.first is None:
            return Sealed(secret, None)
        nonce = os.urandom(NONCE_BYTES)
        value = nonce + self._ciphers[self.first].encrypt(nonce, secret, place.encode())
        return Sealed(value, self.first)

    def open(self, sealed: Sealed, place: str) -> bytes:
        """Returns the secret of a place.

        Raises:
            SealingError: the key is not in this ring, or the value was changed.
        """
        if sealed.by is None:
            return sealed.value
        self.check_knows([sealed.by])
        nonce, value = sealed.value[:NONCE_BYTES], sealed.value[NONCE_BYTES:]
        try:
            return self._ciphers[sealed.by].decrypt(nonce, value, place.encode())
        except (InvalidTag, ValueError) as error:
            raise SealingError(
                f"{place} in the store was changed: it can't be decrypted with key {sealed.by}, "
                "restore a backup"
            ) from error

    def check_knows(self, names: Iterable[str | None]) -> None:
        """Raises SealingError if one of the keys is not in this ring."""
        missing = sorted({name for name in names if name is not None} - set(self._ciphers))
        if not missing:
            return
        needed = f"the keys in the store are encrypted with key {', '.join(missing)}"
        if self.first is None:
            raise SealingError(f"{needed}: name its file in {WHERE}, which is not set")
        raise SealingError(
            f"{needed}, but {WHERE} has only key {', '.join(self.names)}: add the missing key below"
        )


def name_of(key: bytes) -> str:
    """Returns the name of a key, which says nothing about it."""
    return hashlib.sha256(b"tocsin key that seals\0" + key).hexdigest()[:NAME_DIGITS]


def new_key() -> str:
    """Makes a key, in the form that files and variables have."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def keys_in(text: str, source: str) -> list[bytes]:
    """Reads keys: 32 bytes in base64 each, on lines of their own; `#` begins a comment.

    Raises:
        SealingError: there is none, or one has another form. The message does not have the key.
    """
    keys = []
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.partition(COMMENT)[0].split():
            key = _decoded(word)
            if key is None:
                raise SealingError(
                    f"{source}, line {number}: must be {KEY_BYTES} bytes in base64, as "
                    "`tocsin keys new` makes them"
                )
            keys.append(key)
    if not keys:
        raise SealingError(f"{source} has no key: make one with `tocsin keys new`")
    return keys


def read_keyring(file: Path | None, given: str | None) -> Keyring:
    """Reads the keys of a setting and of a file, in this order; both None: an empty ring.

    Raises:
        SealingError: the file can't be read, or has no keys.
    """
    keys = [] if given is None else keys_in(given, "access.key")
    return Keyring(keys if file is None else [*keys, *_keys_of(file)])


def _keys_of(file: Path) -> list[bytes]:
    source = f"access.key_file: {file}"
    try:
        return keys_in(file.read_text(encoding="ascii"), source)
    except OSError as error:
        raise SealingError(f"{source}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SealingError(f"{source} is not a file of keys in base64") from error


def _decoded(word: str) -> bytes | None:
    padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
    try:
        key = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None
