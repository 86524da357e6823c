"""`tocsin serve`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.config import ConfigOption
from tocsin.cli.refusal import refusal


def serve(
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where gRPC is served without TLS; port 0 picks a free one, off: not at all. "
            "[default: 127.0.0.1:50051]",
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where REST is served without TLS; off: not at all. [default: 127.0.0.1:8080]",
        ),
    ] = None,
    tls: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where gRPC and REST are served over TLS, on one port. [default: off]",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The certificate for TLS, in PEM, with its chain."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate's key, in PEM.")
    ] = None,
    client_ca: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Over TLS, serve only clients with a certificate that one of these has signed.",
        ),
    ] = None,
    advertise: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Where the vendor's SDKs are told to call, if not where they dialled.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The store: sqlite:///relative.db, sqlite:////absolute.db or, for any number of "
            "nodes, postgresql://user:password@host/database. "
            "[default: sqlite:///tocsin-data/tocsin.db]",
        ),
    ] = None,
    config: ConfigOption = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where Prometheus finds the metrics; off: nowhere. [default: off]",
        ),
    ] = None,
    smtp: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|off",
            help="Where mails to triggers are taken; off: nowhere. [default: off]",
        ),
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="system|manual",
            help="manual: time stands still until tocsin.v1.ClockService moves it, for tests. "
            "[default: system]",
        ),
    ] = None,
    clock_start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Where a manual clock starts, in ISO 8601."),
    ] = None,
    access: Annotated[
        bool | None,
        typer.Option(
            "--access",
            help="Ask all who call who they are, and let them do what their roles allow.",
        ),
    ] = None,
    allow_unauthenticated: Annotated[
        bool | None,
        typer.Option(
            "--allow-unauthenticated",
            help="Listen beyond loopback although anyone who gets there may do all.",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="console|json", help="How log lines look on stderr.")
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option(
            metavar="debug|info|warning|error",
            help="The least important lines to write; debug has one for each call. [default: info]",
        ),
    ] = None,
) -> None:
    """Serve triggers and schedules until Ctrl-C or SIGTERM.

    When gRPC and REST both answer, one line says so on stdout:
    `ready grpc=HOST:PORT http=HOST:PORT`, and `tls=HOST:PORT`, `metrics=HOST:PORT` and
    `smtp=HOST:PORT` where those are asked for. Logs go to stderr.

    Each option can be given as a variable too (TOCSIN_LISTEN, TOCSIN_HTTP, TOCSIN_DATABASE, …) or
    in the file that --config names.
    """
    given = {
        "listen": listen,
        "http": http,
        "tls": tls,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "client_ca": client_ca,
        "advertise": advertise,
        "database": database,
        "clock": clock,
        "clock_start": clock_start,
        "allow_unauthenticated": allow_unauthenticated,
        "log_format": log_format,
        "log_level": log_level,
        "metrics": metrics,
        "smtp": smtp,
    }
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if access:
        wanted["access"] = {"enabled": True}
    _serve(config, wanted)


def _serve(config: Path | None, given: dict[str, Any]) -> None:
    # Read when gRPC is loaded. Envoy is started by fork and exec, which needs nothing of gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # What goes wrong there is raised here, and told in our own words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Slow to import, and of no use to the other commands.
    import uvloop

    from tocsin.access.exposure import ExposureRefused
    from tocsin.app import serve as serve_until_stopped
    from tocsin.gateway import GatewayError
    from tocsin.grpc_server import StartError
    from tocsin.logs import configure_logs
    from tocsin.settings import SettingsError, load_settings
    from tocsin.store.database import StoreError

    try:
        settings = load_settings(config, given)
        configure_logs(settings.log_format, settings.log_level)
        uvloop.run(serve_until_stopped(settings, _announce))
    except (SettingsError, ExposureRefused, StartError, StoreError, GatewayError) as error:
        raise refusal(str(error)) from error


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
