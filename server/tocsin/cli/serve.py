"""Defines `tocsin serve`."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from tocsin.cli import serve_options as options
from tocsin.cli.config import ConfigOption
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.repeats import SingleOptions

SETTINGS_FILE = "tocsin.toml"
TERMINAL_SECONDS = 0.5
HELP = """
Serve triggers and schedules until Ctrl-C or SIGTERM.

When gRPC and REST both answer, the server prints one line to stdout:
`ready grpc=HOST:PORT http=HOST:PORT`, with `tls=HOST:PORT`, `metrics=HOST:PORT` and
`smtp=HOST:PORT` if those are on. Before it, stderr has the version, the settings file, the
database, the page in the browser, and what to do next; logs go there too. With
`--log-format json` each line of stdout and stderr is a JSON object.

Each option can also be an environment variable (TOCSIN_LISTEN, TOCSIN_HTTP, TOCSIN_DATABASE, …)
or a setting in the file that --config names.
"""


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
    apply: options.ApplyOption = None,
    apply_folder: options.ApplyFolderOption = None,
    metrics: options.MetricsOption = None,
    smtp: options.SmtpOption = None,
    clock: options.ClockOption = None,
    clock_start: options.ClockStartOption = None,
    console: options.ConsoleOption = None,
    access: options.AccessOption = None,
    allow_unauthenticated: options.AllowUnauthenticatedOption = None,
    ignore_accounts: options.IgnoreAccountsOption = None,
    log_format: options.LogFormatOption = None,
    log_level: options.LogLevelOption = None,
) -> None:
    """Serves until Ctrl-C or SIGTERM; `HELP` says more."""
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
        "apply": apply,
        "apply_folder": apply_folder,
        "metrics": metrics,
        "smtp": smtp,
        "console": {"enabled": console} if console else None,
        "access": {"enabled": True} if access else None,
    }
    _serve(
        config or _beside(apply),
        {name: value for name, value in given.items() if value is not None},
    )


def _beside(applied: Path | None) -> Path | None:
    """Returns the file of settings beside the directory of triggers, if it is there."""
    directory = applied or os.environ.get("TOCSIN_APPLY")
    if not directory:
        return None
    found = Path(directory).absolute().parent / SETTINGS_FILE
    return found if found.is_file() else None


def _serve(config: Path | None, given: dict[str, Any]) -> None:
    if os.getpid() == 1:
        # In a container. The kernel drops signals to process 1 that it does not handle; without
        # this, a stop while the server starts would wait until the container is killed.
        signal.signal(signal.SIGTERM, _end_at_once)
    # gRPC reads this when it loads. Envoy starts by fork and exec, which gRPC need not support.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
    # gRPC's errors are raised here, and reported in our own words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Objects made at the start live until the end. Searching them for cycles takes a quarter of the
    # start, so `serve_until_stopped` turns collection on when the server is ready.
    gc.disable()
    # Slow to import, and other commands don't need them.
    with _absent("rich"):
        # Its package imports rich if it can, which takes twice as long as all the rest of it. No
        # setting leaves that out, and we write tracebacks ourselves.
        import structlog

    from tocsin.logs import configure_logs, dropped_lines, uncaught_logged
    from tocsin.settings import wanted_log_format
    from tocsin.stderr import open_standard_descriptors, unblocked_stderr

    open_standard_descriptors()
    log_format = wanted_log_format(config, given)
    with unblocked_stderr(dropped_lines(log_format)), uncaught_logged():
        configure_logs(log_format, "info")
        try:
            _serve_until_stopped(config, given, log_format)
        except Exception as error:
            if log_format != "json" or isinstance(error, typer.Exit):
                raise
            structlog.get_logger().critical("ended by an unexpected error", exc_info=True)
            raise typer.Exit(1) from error


@contextmanager
def _absent(module: str) -> Iterator[None]:
    """Lets imports of a module fail, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _serve_until_stopped(config: Path | None, given: dict[str, Any], log_format: str) -> None:
    if sys.platform == "win32":
        raise _refusal(log_format, "`tocsin serve` runs on Linux and macOS; use WSL on Windows")
    # Slow to import, too. What they warn of is logged.
    import structlog
    import uvloop

    from tocsin.access.exposure import ExposureRefused
    from tocsin.access.sealing import SealingError
    from tocsin.app import serve as serve_until_stopped
    from tocsin.composition.grpc_server import StartError
    from tocsin.gateway import GatewayError
    from tocsin.logs import configure_logs
    from tocsin.settings import SettingsError, Source, load_settings
    from tocsin.store.driver.database import StoreError

    try:
        source = Source(config, partial(load_settings, config, given))
        settings = source.load()
        with configure_logs(settings.log_format, settings.log_level).swept():
            if config is not None and config == _beside(settings.apply):
                structlog.get_logger().info("settings read", file=str(config))
            announce = partial(_announce, settings.log_format)
            uvloop.run(serve_until_stopped(settings, source, announce))
    except (
        SettingsError,
        ExposureRefused,
        SealingError,
        StartError,
        StoreError,
        GatewayError,
    ) as error:
        raise _refusal(log_format, str(error)) from error


def _end_at_once(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _refusal(log_format: str, problem: str, status: int = 1) -> typer.Exit:
    """Prints why the server does not start, in the log's format; returns the end of the program."""
    if log_format != "json":
        return refusal(problem, status=status)
    from tocsin.logs import json_line

    typer.echo(json_line("error", "could not start", error=problem), err=True)
    return typer.Exit(status)


def _announce(log_format: str, line: str) -> None:
    """Prints the line `ready grpc=HOST:PORT …`, or an object with the same names and values."""
    if log_format == "json":
        from tocsin.logs import json_line

        event, *served = line.split()
        line = json_line("info", event, **dict(each.split("=", 1) for each in served))
    if sys.stdout.isatty():
        # What was told of the start comes before it.
        finish = getattr(sys.stderr, "finish", None)
        if finish is not None:
            finish(TERMINAL_SECONDS)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class ServeCommand(SingleOptions):
    """The command `serve`, whose wrong options are lines of the log if that is in JSON."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            told = getattr(error, "format_message", None)  # of the errors of the parser
            if told is None or not _wants_json(given):
                raise
            raise _refusal("json", told(), USAGE) from error


def _wants_json(args: list[str]) -> bool:
    """Returns whether options that can't be parsed ask for a log in JSON; the last one counts."""
    from tocsin.settings import wanted_log_format

    options = {"--log-format": "", "--config": ""}
    for word, value in pairwise([*args, ""]):
        name, equals, same_word = word.partition("=")
        if name in options:
            options[name] = same_word if equals else value
    config = options["--config"] or os.environ.get("TOCSIN_CONFIG")
    given = {"log_format": options["--log-format"]}
    return wanted_log_format(Path(config) if config else None, given) == "json"
