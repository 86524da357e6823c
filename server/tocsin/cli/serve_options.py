"""The options of `tocsin serve`: how they are given, and what its help says of them."""

from pathlib import Path
from typing import Annotated

import typer

ListenOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Where gRPC is served without TLS; port 0 picks a free one, off: not at all. "
        "[default: 127.0.0.1:50051]",
    ),
]

HttpOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Where REST is served without TLS; off: not at all. [default: 127.0.0.1:8080]",
    ),
]

TlsOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Where gRPC and REST are served over TLS, on one port. [default: off]",
    ),
]

TlsCertOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The certificate for TLS, in PEM, with its chain."),
]

TlsKeyOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The certificate's key, in PEM.")
]

ClientCaOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Over TLS, serve only clients with a certificate that one of these has signed.",
    ),
]

AdvertiseOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Where the vendor's SDKs are told to call, if not where they dialled.",
    ),
]

DatabaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The store: sqlite:///relative.db, sqlite:////absolute.db or, for any number of "
        "nodes, postgresql://user:password@host/database. "
        "[default: sqlite:///tocsin-data/tocsin.db]",
    ),
]

MetricsOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Where Prometheus finds the metrics; off: nowhere. [default: off]",
    ),
]

SmtpOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT|off",
        help="Where mails to triggers are taken; off: nowhere. [default: off]",
    ),
]

ClockOption = Annotated[
    str | None,
    typer.Option(
        metavar="system|manual",
        help="manual: time stands still until tocsin.v1.ClockService moves it, for tests. "
        "[default: system]",
    ),
]

ClockStartOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Where a manual clock starts, in ISO 8601."),
]

AccessOption = Annotated[
    bool | None,
    typer.Option(
        "--access",
        help="Ask all who call who they are, and let them do what their roles allow.",
    ),
]

AllowUnauthenticatedOption = Annotated[
    bool | None,
    typer.Option(
        "--allow-unauthenticated",
        help="Listen beyond loopback although anyone who gets there may do all.",
    ),
]

LogFormatOption = Annotated[
    str | None, typer.Option(metavar="console|json", help="How log lines look on stderr.")
]

LogLevelOption = Annotated[
    str | None,
    typer.Option(
        metavar="debug|info|warning|error",
        help="The least important lines to write; debug has one for each call. [default: info]",
    ),
]
