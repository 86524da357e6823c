"""Tells what a host and a path of a URL mean to the servers and resolvers that read them."""

import re
from urllib.parse import unquote, unquote_to_bytes

from tocsin.outgoing.reach import is_address

# The last label of a host that is an address (WHATWG URL, "ends in a number").
NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
SEPARATORS = re.compile(r"[/\\]")
# Longer forms of ASCII characters, which UTF-8 forbids and some servers decode.
OVERLONG = re.compile(rb"[\xc0\xc1]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]")
MOST_DECODINGS = 5


def ends_in_number(host: str) -> bool:
    """Returns whether resolvers read a host as an address, as 127.0.0.1, 2130706433 and 0x7f.1."""
    return NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]) is not None


def has_dot_segment(path: str) -> bool:
    """Returns whether some server would take a segment of a path as `.` or `..`.

    Servers decode a path once or more often, take `\\` for `/`, and drop what follows a `;`.
    """
    for _ in range(MOST_DECODINGS):
        if OVERLONG.search(unquote_to_bytes(path)):
            return True
        segments = (segment.partition(";")[0].strip() for segment in SEPARATORS.split(path))
        if any(segment in (".", "..") for segment in segments):
            return True
        decoded = unquote(path)
        if decoded == path:
            return False
        path = decoded
    return True


def path_of(url: str) -> str:
    """Returns the path of a URL as it is written, which libraries may normalise."""
    rest = url.partition("://")[2]
    return re.split("[?#]", rest, maxsplit=1)[0].partition("/")[2]


def check_parts(url: str, host: str) -> None:
    """Checks what the settings write as a URL.

    Args:
        url: the URL.
        host: its host, in ASCII.

    Raises:
        ValueError: the host is an address in another form than IP addresses are written in, or the
            path has a dot segment.
    """
    if not is_address(host) and ends_in_number(host):
        raise ValueError(f"{host} is a number in place of an address: write it as 192.0.2.1")
    if has_dot_segment(path_of(url)):
        raise ValueError("the path has a segment that servers take for . or ..: write it without")
