"""Defines the options of `tocsin serve` and their help."""

from pathlib import Path
from typing import Annotated

import typer

ListenOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Serve gRPC without TLS here; port 0 picks a free one, `off` turns it off. "
        "[default: 127.0.0.1:50051]",
    ),
]

HttpOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Serve REST without TLS here; `off` turns it off. [default: 127.0.0.1:8080]",
    ),
]

TlsOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Serve gRPC and REST over TLS here, on one port. [default: off]",
    ),
]

TlsCertOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The TLS certificate with its chain, in PEM."),
]

TlsKeyOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The certificate's private key, in PEM.")
]

ClientCaOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Over TLS, serve only clients whose certificate an authority in this file signed.",
    ),
]

AdvertiseOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Tell the vendor's SDKs to call this address, instead of the one they dialled.",
    ),
]

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The database: sqlite:///relative.db, sqlite:////absolute.db or, for any number of "
        "nodes, postgresql://user:password@host/database. "
        "[default: sqlite:///tocsin-data/tocsin.db]",
    ),
]

ApplyOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Apply the triggers in the files of this directory at the start; none is deleted. "
        "Settings are read from `tocsin.toml` beside it, unless --config names another file.",
    ),
]

ApplyFolderOption = Annotated[
    str | None,
    typer.Option(metavar="ID", help="The folder of triggers in --apply that name none."),
]

MetricsOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Serve metrics for Prometheus here; `off` turns it off. [default: off]",
    ),
]

SmtpOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Receive mail for triggers here by SMTP; `off` turns it off. [default: off]",
    ),
]

ClockOption = Annotated[
    str | None,
    typer.Option(
        metavar="system|manual",
        help="With `manual`, time stands still until tocsin.v1.ClockService moves it, for tests. "
        "[default: system]",
    ),
]

ClockStartOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="The start of a manual clock, in ISO 8601."),
]

ConsoleOption = Annotated[
    str | None,
    typer.Option(
        metavar="on|off",
        help="Serve the page in the browser at / of REST; `off` turns it off. [default: on]",
    ),
]

AccessOption = Annotated[
    bool | None,
    typer.Option(
        "--access",
        help="Require credentials of all callers, and let them do what their roles allow.",
    ),
]

AllowUnauthenticatedOption = Annotated[
    bool | None,
    typer.Option(
        "--allow-unauthenticated",
        help="Listen beyond loopback without access control: anyone who connects may do anything.",
    ),
]

IgnoreAccountsOption = Annotated[
    bool | None,
    typer.Option(
        "--ignore-accounts",
        help="Serve a database that has accounts without access control: their keys and roles "
        "count for nothing.",
    ),
]

LogFormatOption = Annotated[
    str | None, typer.Option(metavar="console|json", help="The format of log lines.")
]

LogLevelOption = Annotated[
    str | None,
    typer.Option(
        metavar="debug|info|warning|error",
        help="The lowest level of log lines to write; debug has one for each call. [default: info]",
    ),
]
