"""Cuts lists into pages, and makes page tokens."""

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from google.protobuf.message import Message

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.wire.calls import Call
from tocsin.wire.errors import invalid_field

DEFAULT_PAGE_SIZE = 100
LARGEST_PAGE = 1000
DIGEST_SIZE = 32
KEY_BITS = 512
# Yandex Cloud's contract allows 100 characters, which are 75 bytes; 16 of them authenticate.
LONGEST_PLAIN = 75 - 16 - 1
PLAIN, PACKED = b"\0", b"\1"
# Frequent parts of long positions, which are those of access bindings.
FREQUENT = (
    b"roles/integrations.integrationViewer tocsin.eventPublisher functions.editor auditor viewer"
    b" admin\teditor\tprojects//locations//integrations/federatedUser:userAccount:aje"
    b"*\tfolders/b1g\tserviceAccount:aje"
)
# By default gRPC clients accept messages of up to 4 MiB.
LARGEST_PAGE_BYTES = 3 * 1024 * 1024

T = TypeVar("T")


def page_size(asked: int, field: str = "page_size") -> int:
    """Returns the size of a page; 0 asks for the default.

    Raises:
        ApiError: out of 0-1000 (Yandex Cloud API design guide, pagination).
    """
    if not 0 <= asked <= LARGEST_PAGE:
        raise invalid_field(field, f"Value must be from 0 to {LARGEST_PAGE}, but was {asked}")
    return asked or DEFAULT_PAGE_SIZE


def page_of(rows: Iterable[T], size: int, bytes_of: Callable[[T], int]) -> tuple[list[T], bool]:
    """Returns a page of up to `size` rows, and whether more rows follow.

    The page is shorter if a client could not accept it.
    """
    page: list[T] = []
    total = 0
    for row in rows:
        total += bytes_of(row)
        if len(page) == size or (page and total > LARGEST_PAGE_BYTES):
            return page, True
        page.append(row)
    return page, False


class PageTokens:
    """Makes page tokens, and reads them for the same caller and list.

    A token is the position after which a page begins, encrypted and authenticated with a key that
    all nodes of a store share. It can be neither read, nor changed, nor used by another caller or
    for a list with other arguments (AIP-158).
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def of(self, call: Call, request: Message, *arguments: str) -> "ListTokens":
        """Returns the tokens of one list; `arguments` are those that all its pages share."""
        caller = "" if call.caller is None else call.caller.subject
        return ListTokens(self._cipher, _digest((request.DESCRIPTOR.full_name, caller, *arguments)))


class ListTokens:
    """Makes and reads the tokens of one caller's list."""

    def __init__(self, cipher: AESSIV, list_digest: bytes) -> None:
        self._cipher = cipher
        self._about = [list_digest]

    def token(self, position: str) -> str:
        """Returns the token of the page that follows a position, which must not be empty."""
        return _text(self._cipher.encrypt(_packed(position), self._about))

    def position(self, token: str) -> str | None:
        """Returns the position after which the page begins, or None for the first page.

        Raises:
            ApiError: the token was not made for this caller and this list.
        """
        if not token:
            return None
        try:
            padded = token + "=" * (-len(token) % 4)
            sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
            # The unused bits of the last character must be zero.
            if _text(sealed) != token:
                raise _refused()
            return _unpacked(self._cipher.decrypt(sealed, self._about))
        except (ValueError, InvalidTag) as error:
            raise _refused() from error

    def token_in_time(self, instant: datetime, last_id: str) -> str:
        """Returns a token of a list that is sorted by time and id."""
        return self.token(f"{to_micros(instant)}/{last_id}")

    def position_in_time(self, token: str) -> tuple[datetime, str] | None:
        """Reads a token that `token_in_time` made.

        Raises:
            ApiError: the token was not made for this caller and this list.
        """
        position = self.position(token)
        if position is None:
            return None
        micros, _, last_id = position.partition("/")
        return from_micros(int(micros)), last_id


def new_key() -> bytes:
    """Returns a random key for `PageTokens`."""
    return AESSIV.generate_key(KEY_BITS)


def _digest(texts: tuple[str, ...]) -> bytes:
    """Returns a digest of texts that also depends on where each text ends."""
    digest = hashlib.blake2b(digest_size=DIGEST_SIZE)
    for text in texts:
        content = text.encode()
        digest.update(len(content).to_bytes(8) + content)
    return digest.digest()


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _packed(position: str) -> bytes:
    """Returns a position as bytes; a long one is compressed, so that its token is short."""
    plain = position.encode()
    if len(plain) <= LONGEST_PLAIN:
        return PLAIN + plain
    packing = zlib.compressobj(9, wbits=-zlib.MAX_WBITS, zdict=FREQUENT)
    return PACKED + packing.compress(plain) + packing.flush()


def _unpacked(content: bytes) -> str:
    kind, rest = content[:1], content[1:]
    if kind == PLAIN:
        return rest.decode()
    unpacking = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=FREQUENT)
    return (unpacking.decompress(rest) + unpacking.flush()).decode()


def _refused() -> Exception:
    return invalid_field(
        "page_token",
        "must be the next_page_token of the same list with the same other arguments, of the same "
        "caller; leave it out to begin with the first page",
    )
