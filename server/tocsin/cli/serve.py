"""Defines `tocsin serve`."""

import gc
import os
import sys
from functools import partial
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
    ignore_accounts: options.IgnoreAccountsOption = None,
    log_format: options.LogFormatOption = None,
    log_level: options.LogLevelOption = None,
) -> None:
    """Serve triggers and schedules until Ctrl-C or SIGTERM.

    When gRPC and REST both answer, the server prints one line to stdout:
    `ready grpc=HOST:PORT http=HOST:PORT`, with `tls=HOST:PORT`, `metrics=HOST:PORT` and
    `smtp=HOST:PORT` if those are on. Logs go to stderr.

    Each option can also be an environment variable (TOCSIN_LISTEN, TOCSIN_HTTP, TOCSIN_DATABASE, …)
    or a setting in the file that --config names.
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
        "ignore_accounts": ignore_accounts,
        "log_format": log_format,
        "log_level": log_level,
        "metrics": metrics,
        "smtp": smtp,
        "access": {"enabled": True} if access else None,
    }
    _serve(config, {name: value for name, value in given.items() if value is not None})


def _serve(config: Path | None, given: dict[str, Any]) -> None:
    # gRPC reads this when it loads. Envoy starts by fork and exec, which gRPC need not support.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # gRPC's errors are raised here, and reported in our own words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Objects made at the start live until the end. Searching them for cycles takes a quarter of the
    # start, so `serve_until_stopped` turns collection on when the server is ready.
    gc.disable()
    # Slow to import, and other commands don't need them.
    import uvloop

    from tocsin.access.exposure import ExposureRefused
    from tocsin.app import serve as serve_until_stopped
    from tocsin.composition.grpc_server import StartError
    from tocsin.gateway import GatewayError
    from tocsin.logs import configure_logs, dropped_lines
    from tocsin.settings import SettingsError, load_settings
    from tocsin.stderr import open_standard_descriptors, unblocked_stderr
    from tocsin.store.driver.database import StoreError

    open_standard_descriptors()
    try:
        load = partial(load_settings, config, given)
        settings = load()
        with (
            unblocked_stderr(dropped_lines(settings.log_format)),
            configure_logs(settings.log_format, settings.log_level).swept(),
        ):
            uvloop.run(serve_until_stopped(settings, load, _announce))
    except (SettingsError, ExposureRefused, StartError, StoreError, GatewayError) as error:
        raise refusal(str(error)) from error


def _announce(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
