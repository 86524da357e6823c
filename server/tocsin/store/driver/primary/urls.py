"""Parses the URL of a PostgreSQL database, in libpq's form: one host or several."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from tocsin.store.driver.database import StoreError

SCHEMES = ("postgresql", "postgres")
FORMS = "postgresql://user:password@host:port/database or …@host1:port1,host2:port2/database"
TO_ESCAPE = "in a user or a password, write @ : / ? # % as %40 %3A %2F %3F %23 %25"
DEFAULT_PORT = "5432"
LARGEST_PORT = 65535

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._%/-]*)(?::([0-9]+))?")
# Tocsin writes, so a standby is of no use to it.
SESSIONS = ("primary", "read-write", "any")


class Host(NamedTuple):
    """Names a server; a `name` that begins with `/` is the directory of a Unix socket."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"[{self.name}]:{self.port}" if ":" in self.name else f"{self.name}:{self.port}"


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """Holds the parts of a URL.

    `hosts` is empty if neither the URL nor PGHOST names one: the driver has defaults. `rest` is the
    URL for the driver, without hosts and password. `session` is libpq's `target_session_attrs`.
    `connect_seconds` is None if the URL does not say. `safe` shows no secret.
    """

    hosts: tuple[Host, ...]
    rest: str = field(repr=False)
    password: str | None = field(repr=False)
    session: str
    connect_seconds: float | None
    safe: str


def parse_url(url: str, environment: Mapping[str, str] = os.environ) -> PostgresUrl:
    """Parses a URL in libpq's form (PostgreSQL's manual, section 34.1.1.2).

    Without `target_session_attrs` only a primary will do.

    Raises:
        StoreError: the URL has another form or names something twice; the text shows no secret.
    """
    address, _, query = url.partition("://")[2].partition("?")
    authority, _, database = address.partition("/")
    login, _, location = authority.rpartition("@")
    if "@" in login or "@" in database or "#" in url:
        raise _malformed(TO_ESCAPE)
    user, _, password = login.partition(":")
    options = _options(query)
    hosts = _hosts(location, options, environment)
    user = options.pop("user", "") or unquote(user)
    password = options.pop("password", "") or unquote(password)
    database = options.pop("dbname", "") or unquote(database)
    asked = options.pop("target_session_attrs", "") or environment.get("PGTARGETSESSIONATTRS", "")
    seconds = options.pop("connect_timeout", "")
    return PostgresUrl(
        hosts,
        _rest(user, database, options),
        password or None,
        _session(asked or "primary"),
        _connect_seconds(seconds),
        _safe(user, hosts, database),
    )


def _options(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        # The error would show what may be a part of a password.
        raise _malformed(f"what follows ? must be name=value&name=value; {TO_ESCAPE}") from None
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        if "host" in twice or "port" in twice:
            raise _malformed(
                "host= or port= stands in it twice, and only the last would count; name all "
                "servers in one list: postgresql://user@host1:port1,host2:port2/database"
            )
        raise _malformed("an option stands in it twice, name it once")
    return {name: value for name, value in pairs if value}


def _hosts(
    location: str, options: dict[str, str], environment: Mapping[str, str]
) -> tuple[Host, ...]:
    """Takes hosts and ports out of the options; they may stand before the path instead."""
    named, ports = options.pop("host", ""), options.pop("port", "")
    if location and (named or ports):
        raise _malformed("hosts stand before the database and in host= or port=, name them once")
    if not location and not named and "service" not in options:
        named = environment.get("PGHOST", "")
    ports = ports or environment.get("PGPORT", "")
    listed = [_host(part) for part in (location or named).split(",")] if location or named else []
    if not listed:
        if ports:
            options["port"] = ports
        return ()
    return tuple(
        Host(name or "localhost", _port(port))
        for (name, _), port in zip(listed, _ports(listed, ports), strict=True)
    )


def _host(part: str) -> tuple[str, str]:
    parsed = HOST.fullmatch(part)
    if parsed is None:
        raise _malformed(f"a host or a port in it is not one; {TO_ESCAPE}")
    name, port = parsed.groups()
    return unquote(name).removeprefix("[").removesuffix("]"), port or ""


def _ports(listed: list[tuple[str, str]], ports: str) -> list[str]:
    """Returns the port of each host: its own, or that of `port=`, which has one for all or each."""
    apart = ports.split(",") if ports else [""]
    if len(apart) not in (1, len(listed)):
        raise _malformed(
            f"it has {len(listed)} hosts and {len(apart)} ports: give one for all, or one for each"
        )
    each = apart if len(apart) == len(listed) else apart * len(listed)
    return [own or common or DEFAULT_PORT for (_, own), common in zip(listed, each, strict=True)]


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LARGEST_PORT:
        raise _malformed(f"a port in it is not a number from 1 to {LARGEST_PORT}; {TO_ESCAPE}")
    return int(text)


def _session(asked: str) -> str:
    if asked not in SESSIONS:
        raise StoreError(
            "target_session_attrs of --database must be primary, read-write or any: Tocsin writes, "
            "and a standby can't be written"
        )
    return asked


def _connect_seconds(text: str) -> float | None:
    """Parses libpq's `connect_timeout`, in whole seconds; 0 means no limit there, and our own."""
    if text and not text.isdecimal():
        raise StoreError("connect_timeout of --database must be a whole number of seconds")
    return float(text) or None if text else None


def _rest(user: str, database: str, options: Mapping[str, str]) -> str:
    given = {**({"user": user} if user else {}), **options}
    return f"postgresql:///{quote(database, safe='')}" + (f"?{urlencode(given)}" if given else "")


def _safe(user: str, hosts: tuple[Host, ...], database: str) -> str:
    login = f"{quote(user)}@" if user else ""
    return f"postgresql://{login}{','.join(map(str, hosts))}/{database}"


def _malformed(why: str) -> StoreError:
    return StoreError(f"--database must be a URL such as {FORMS}: {why}")
