"""Page tokens: where the next page begins, bound to the list that they were given for."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from tocsin.store.driver.instants import from_micros, to_micros
from tocsin.wire.errors import invalid_field

DEFAULT_PAGE_SIZE = 100
LARGEST_PAGE = 1000
DIGEST_SIZE = 6
# gRPC clients take 4 MiB unless told otherwise.
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
    """Takes a page from the rows: `size`, or fewer where a client could not take them.

    Returns the page, and whether there are more.
    """
    page: list[T] = []
    total = 0
    for row in rows:
        total += bytes_of(row)
        if len(page) == size or (page and total > LARGEST_PAGE_BYTES):
            return page, True
        page.append(row)
    return page, False


def page_token(last_id: str, *list_arguments: str) -> str:
    """Returns the token of the page that follows `last_id` in the list of these arguments."""
    return base64.urlsafe_b64encode(_digest(list_arguments) + last_id.encode()).decode().rstrip("=")


def cursor(token: str, *list_arguments: str) -> str | None:
    """Returns the id that the page follows, None for the first page.

    Raises:
        ApiError: the token is not ours, or of a list with other arguments.
    """
    if not token:
        return None
    try:
        content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, last_id = content[:DIGEST_SIZE], content[DIGEST_SIZE:].decode()
    except (binascii.Error, ValueError) as error:
        raise _refused() from error
    if not last_id or "\0" in last_id or digest != _digest(list_arguments):
        raise _refused()
    return last_id


def cursor_in_time(token: str, *list_arguments: str) -> tuple[datetime, str] | None:
    """Returns the same for a list in the order of time, whose tokens are made of `time_cursor`."""
    last = cursor(token, *list_arguments)
    if last is None:
        return None
    micros, _, last_id = last.partition("/")
    try:
        return from_micros(int(micros)), last_id
    except (ValueError, OverflowError):
        raise _refused() from None


def time_cursor(instant: datetime, last_id: str) -> str:
    return f"{to_micros(instant)}/{last_id}"


def _digest(list_arguments: tuple[str, ...]) -> bytes:
    text = "\0".join(list_arguments).encode()
    return hashlib.blake2b(text, digest_size=DIGEST_SIZE).digest()


def _refused() -> Exception:
    return invalid_field(
        "page_token", "is not the next_page_token of a list with the same other arguments"
    )
