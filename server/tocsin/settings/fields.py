"""What single settings look like: addresses, URLs, instants, times."""

import re
from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer
from pydantic_settings import NoDecode
from yarl import URL

from tocsin.access.doors import is_unspecified
from tocsin.outgoing.reach import is_address, never_called, parse_networks

MEGABYTE = 1024 * 1024


DAY = 86400.0


# The longest time of a setting: there is an instant that much before each, and after it.
CENTURY = 36525 * DAY


HIDDEN = "***"


class SettingsError(Exception):
    """The settings can't be used; the message names each one that is wrong, and why."""


class Address(NamedTuple):
    """A host and a port to listen on; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(value: object) -> object:
    """Reads `HOST:PORT` or `[IPV6]:PORT`."""
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8080")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def parse_advertised(value: object) -> object:
    """Reads `HOST:PORT` as clients are to dial it."""
    parsed = parse_address(value)
    if isinstance(parsed, Address) and (parsed.port == 0 or is_unspecified(parsed.host)):
        raise ValueError("expected a host and a port that clients can dial")
    return parsed


def parse_optional_address(value: object) -> object:
    return None if value == "off" else parse_address(value)


def parse_instant(value: object) -> object:
    """Reads an ISO 8601 time, and takes TOML's own; in UTC unless it says."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("expected an ISO 8601 time, such as 2026-01-01T00:00:00Z") from None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def check_url(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("expected a URL such as http://127.0.0.1:9000/")
    if is_address(parsed.host) and (why := never_called(parsed.host)):
        raise ValueError(f"{parsed.host} is {why}: it is never called")
    return url


def check_issuer(url: str) -> str:
    """Checks an issuer's identifier (OpenID Connect Discovery 1.0, 3): paths are appended to it."""
    parsed = URL(check_url(url))
    if parsed.query_string or parsed.fragment or parsed.user or url[-1] in "/?#":
        raise ValueError("expected a URL without user, query, fragment, and / at its end")
    return url


def check_network(network: str) -> str:
    parse_networks([network])
    return network


def without_secrets(url: str) -> str:
    """Returns a URL as it may be shown: who asks, by which password, and with what query is hidden.

    What stands there is a secret, or as good as one.
    """
    scheme, separator, rest = url.partition("://")
    # A database's password may have any character but the last @.
    authority = rest if scheme.startswith("postgres") else re.split("[/?#]", rest)[0]
    place, query, arguments = rest[authority.rfind("@") + 1 :].partition("?")
    user = f"{HIDDEN}@" if "@" in authority else ""
    arguments = re.sub(r"(?<==)[^&#]+", HIDDEN, arguments)
    return f"{scheme}{separator}{user}{place}{query}{arguments}"


Shown = PlainSerializer(without_secrets, return_type=str)


DatabaseUrl = Annotated[str, Shown]


ListenAddress = Annotated[
    Address,
    NoDecode,  # a variable's text is no JSON
    BeforeValidator(parse_address, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]


OptionalListenAddress = Annotated[
    Address | None,
    NoDecode,
    BeforeValidator(parse_optional_address, json_schema_input_type=str),
    PlainSerializer(lambda address: str(address or "off"), return_type=str),
]


AdvertisedAddress = Annotated[
    Address,
    NoDecode,
    BeforeValidator(parse_advertised, json_schema_input_type=str),
    PlainSerializer(str, return_type=str),
]


StartInstant = Annotated[
    datetime,
    NoDecode,
    BeforeValidator(parse_instant, json_schema_input_type=str),
    PlainSerializer(lambda instant: instant.isoformat().replace("+00:00", "Z"), return_type=str),
]


# TOML has no null.
FOREVER = "forever"


ForEver = (
    BeforeValidator(lambda value: None if value == FOREVER else value, json_schema_input_type=str),
    PlainSerializer(lambda value: FOREVER if value is None else value),
)


Kept = Annotated[float | None, *ForEver]


KeptCount = Annotated[int | None, *ForEver]


TargetUrl = Annotated[str, AfterValidator(check_url), Shown]


IssuerUrl = Annotated[str, AfterValidator(check_issuer)]


Network = Annotated[str, AfterValidator(check_network)]


STRICT = ConfigDict(extra="forbid", frozen=True)
