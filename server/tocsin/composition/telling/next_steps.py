"""Chooses the commands that somebody who has just started a server may want next."""

import shlex
from pathlib import Path

from tocsin.composition.listening import Doors
from tocsin.settings import Address, Settings
from tocsin.targets.addresses import ID_FIELDS

USUAL = Address("127.0.0.1", 50051)
"""The server that commands call without `--server`."""
AUTHORITIES = "ca.pem"
"""The file that `tocsin dev-certs` writes beside the certificate."""
NO_TARGET = "set `function` in [targets] of the settings to a URL: nothing can be called yet"


def next_steps(
    settings: Settings,
    doors: Doors,
    database: str,
    *,
    triggers: int,
    accounts: bool,
    on_hold: bool,
) -> tuple[str, ...]:
    """Returns one to three lines: commands for this very server, or what its settings lack.

    Args:
        settings: all settings.
        doors: the addresses that were opened.
        database: the URL of the database, without its password.
        triggers: how many there are.
        accounts: whether anybody can have a credential.
        on_hold: whether the store is on hold.
    """
    of_database = ("--database", database)
    if on_hold:
        return _typed("release", "--dry-run", *of_database), _typed("release", *of_database)
    if settings.access.enabled and not accounts:
        init = _typed("access", "init", "--to", "admin-key", *of_database)
        stopped = " (with this server stopped)" if database.startswith("sqlite:") else ""
        return (init + stopped,)
    server = _server(settings, doors)
    if server is None:
        return ()
    if settings.access.enabled:
        return ("export TOCSIN_API_KEY=…", _typed("whoami", *server))
    if triggers:
        return _typed("folders", "list", *server), _typed("top", *server)
    return (
        *([] if _calls_something(settings) else [NO_TARGET]),
        _typed(
            *("triggers", "create", "hello", "--folder", "b1g1"),
            *("--cron", "* * * * ? *", "--function", next(iter(settings.targets.functions), "f1")),
            *server,
        ),
        _typed("top", *server),
    )


def _typed(*words: str) -> str:
    return shlex.join(("tocsin", *words))


def _server(settings: Settings, doors: Doors) -> tuple[str, ...] | None:
    """Returns the options by which commands reach this server; None if it is not known how."""
    if doors.grpc is not None:
        address = doors.grpc.from_here()
        return () if address == USUAL else ("--server", str(address))
    if doors.tls is None or settings.tls_cert is None or settings.client_ca is not None:
        return None
    authorities = settings.tls_cert.absolute().with_name(AUTHORITIES)
    if not authorities.is_file():
        return None
    return ("--server", str(doors.tls.from_here()), "--ca", str(_short(authorities)))


def _short(file: Path) -> Path:
    """Returns the path from here, if the file lies below."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _calls_something(settings: Settings) -> bool:
    targets = settings.targets
    return any(
        (
            settings.integrations,
            *(targets.template(kind) or targets.urls(kind) for kind in ID_FIELDS),
        )
    )
