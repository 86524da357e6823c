"""Defines the types of the server's own settings: addresses, the database, instants, triggers."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, PlainSerializer
from pydantic_settings import NoDecode

from tocsin.access.doors import is_unspecified
from tocsin.fields import WithoutSecrets
from tocsin.schedule import EARLIEST, LATEST
from tocsin.schedule.instants import iso


class Address(NamedTuple):
    """Holds a host and a port to listen on; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def from_here(self) -> "Address":
        """Returns the address by which this machine reaches a listener on all of its addresses."""
        if not is_unspecified(self.host):
            return self
        return Address("::1" if ":" in self.host else "127.0.0.1", self.port)


def parse_address(value: object) -> object:
    """Parses `HOST:PORT` or `[IPV6]:PORT`."""
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:8080")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def parse_advertised(value: object) -> object:
    """Parses a `HOST:PORT` that clients can dial."""
    parsed = parse_address(value)
    if isinstance(parsed, Address) and (parsed.port == 0 or is_unspecified(parsed.host)):
        raise ValueError(
            "expected a host and a port that clients can dial, such as tocsin.example.com:443"
        )
    return parsed


def parse_optional_address(value: object) -> object:
    return None if value == "off" else parse_address(value)


def parse_instant(value: object) -> object:
    """Parses an ISO 8601 time for a manual clock, or takes TOML's own.

    Without an offset it is in UTC.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("expected an ISO 8601 time, such as 2026-01-01T00:00:00Z") from None
    if not isinstance(value, datetime):
        return value
    instant = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"must be in the years {EARLIEST.year} to {LATEST.year - 1}")
    return instant.astimezone(UTC)


# In the place of a trigger's name: all triggers of the folder.
ALL_NAMES = "*"


def check_trigger_place(text: str) -> str:
    folder, slash, name = text.rpartition("/")
    if not name or bool(slash) != bool(folder) or len(text) > 150 or not text.isprintable():
        raise ValueError("expected the id of a trigger, FOLDER/NAME, or FOLDER/* for all of it")
    if not folder and name == ALL_NAMES:
        raise ValueError("expected a folder before /*: the number of series has to be limited")
    return text


TriggerPlace = Annotated[str, AfterValidator(check_trigger_place)]

DatabaseUrl = Annotated[str, WithoutSecrets]

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
    PlainSerializer(iso, return_type=str),
]
