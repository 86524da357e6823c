"""`tocsin serve`."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from tocsin.cli import serve_options as options
from tocsin.cli.config import ConfigOption
from tocsin.cli.refusal import refusal


def serve(
    listen: options.ListenOption = None,
    http: options.HttpOption = None,
    tls: options.TlsOption = None,
    tls_cert: options.TlsCertOption = None,
    tls_key: options.TlsKeyOption = None,
    client_ca: options.ClientCaOption = None,
    advertise: options.AdvertiseOption = None,
    database: options.DatabaseOption = None,
    config: ConfigOption = None,
    metrics: options.MetricsOption = None,
    smtp: options.SmtpOption = None,
    clock: options.ClockOption = None,
    clock_start: options.ClockStartOption = None,
    access: options.AccessOption = None,
    allow_unauthenticated: options.AllowUnauthenticatedOption = None,
    log_format: options.LogFormatOption = None,
    log_level: options.LogLevelOption = None,
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
        "access": {"enabled": True} if access else None,
    }
    _serve(config, {name: value for name, value in given.items() if value is not None})


def _serve(config: Path | None, given: dict[str, Any]) -> None:
    # Read when gRPC is loaded. Envoy is started by fork and exec, which needs nothing of gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # What goes wrong there is raised here, and told in our own words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # All that is made for the start stays. Searching it for cycles again and again would cost a
    # quarter of the start; `serve_until_stopped` turns collection on when the server is ready.
    gc.disable()
    # Slow to import, and of no use to the other commands.
    import uvloop

    from tocsin.access.exposure import ExposureRefused
    from tocsin.app import serve as serve_until_stopped
    from tocsin.composition.grpc_server import StartError
    from tocsin.gateway import GatewayError
    from tocsin.logs import configure_logs
    from tocsin.settings import SettingsError, load_settings
    from tocsin.store.driver.database import StoreError

    try:
        settings = load_settings(config, given)
        configure_logs(settings.log_format, settings.log_level)
        uvloop.run(serve_until_stopped(settings, _announce))
    except (SettingsError, ExposureRefused, StartError, StoreError, GatewayError) as error:
        raise refusal(str(error)) from error


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
