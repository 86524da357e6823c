"""Each option of each command has an effect, or is refused: none is taken and ignored."""

import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from typer.main import get_command
from typer.testing import CliRunner

from cli.recording_server import INVOCATIONS, RecordingServer, recording_server
from tocsin.cli import app, conformance, serve
from tocsin.demo import run as demo_run
from tocsin.store.driver.opening import migrate_sqlite

# What the arguments of commands are in this file, by metavar.
ARGUMENTS = {
    "TRIGGER": "nightly",
    "TRIGGER...": "nightly",
    "[TRIGGER]...": None,
    "INVOCATION": INVOCATIONS[0],
    "JOB": INVOCATIONS[0],
    "EXECUTION": "e1",
    "OPERATION": "e1",
    "SCHEDULE": "mornings",
    "INTEGRATION": "nightly",
    "[INVOCATION]": None,
    "TIME": "2026-01-31T09:00Z",
    "EXPR": "0 9 ? * * *",
    "[NAME]…": None,
    "[NAME]": None,
    "ACCOUNT": "aje1",
    "NAME": "robot",
    "SUBJECT": "serviceAccount:aje1",
    "ROLE": "viewer",
    "RESOURCE": "folders/f1",
    "KEY": "ajk1",
    "ID": "ajc1",
    "FROM": "backup.db",
}
# A value of each option; one that a command needs otherwise has the command before it.
VALUES = {
    "--advertise": "example.com:443",
    "--apply": "triggers",
    "--apply-folder": "b1g1",
    "--at": "2098-01-01",
    "--after": "2098-01-01",
    "--body": "file.json",
    "--ca": "missing.pem",
    "--catch-up": "2h",
    "--cause": "c1",
    "--client-ca": "key.pem",
    "--clock": "manual",
    "--clock-start": "2098-01-01",
    "--config": "tocsin.toml",
    "--console": "off",
    "--container": "bba9",
    "--database": "sqlite:///other.db",
    "--description": "a note",
    "--directory": "elsewhere",
    "--error": "out of paper",
    "--expires": "2098-01-01",
    "--features": "features.yaml",
    "--file": "file.json",
    "--filter": 'name = "other"',
    "--folder": "f2",
    "--from": "2025-01-01",
    "--function": "d4e9",
    "--http": "off",
    "--input": "n=3",
    "--integration": "nightly",
    "--jitter": "30s",
    "--kind": "ServiceAccount",
    "--json": "{}",
    "--key": "file.json",
    "--known-failing": "known.yaml",
    "--last": "1",
    "--limit": "1",
    "--listen": "127.0.0.1:0",
    "--location": "projects/p/locations/l",
    "--log-format": "json",
    "--log-level": "debug",
    "--metrics": "127.0.0.1:0",
    "--name": "somebody",
    "--note": "the target moves",
    "--output": "json",
    "--overlap": "queue",
    "--payload": "ding",
    "--prefix": "b1g",
    "--profile": "triggers",
    "--public-key": "file.json",
    "--reason": "late",
    "--report": "reports",
    "--request-id": "r1",
    "--resource": "folders/f1",
    "--rest": "http://127.0.0.1:1",
    "--selector": "repository=shop",
    "--set": "name=weekly",
    "--server": "127.0.0.1:1",
    "--smtp": "127.0.0.1:0",
    "--state": "failed",
    "--subject": "serviceAccount:aje1",
    "--target": "127.0.0.1:1",
    "--target-listen": "127.0.0.1:0",
    "--time-zone": "Europe/Berlin",
    "--tls": "127.0.0.1:0",
    "--tls-cert": "key.pem",
    "--tls-key": "key.pem",
    "--to": "new.txt",
    "--token-file": "key.pem",
    "--trigger": "a1s00000000000000009",
    "--trigger-id": "api_trigger/nightly",
    "--until": "2098-01-01",
    "--cron": "0 9 ? * MON-FRI",
    "--version": "v9",
    "--wait": "1s",
    "-k": "mask",
    "-n": "3",
    "access keys create --public-key": "key.pem",
    "invocations resend --payload": "file.json",
    "move --from": "sqlite:///store.db",
    "move --to": "sqlite:///new.db",
}
# What else an option needs in order to mean something.
WITH = {
    "export --location": ["--kind", "Schedule"],
    "apply": ["-f", "queue.json"],
    "apply --location": ["-f", "schedule.json"],
    "apply --prune": ["-f", "queue.json", "--selector", "repository=shop"],
    "apply --yes": ["-f", "queue.json", "--selector", "repository=shop", "--prune"],
    "triggers create --cron": ["--function", "f"],
    "triggers create --function": ["--cron", "0 8 ? * * *"],
    "triggers create --container": ["--cron", "0 8 ? * * *"],
    "triggers create --payload": ["--cron", "0 8 ? * * *", "--function", "f"],
    "triggers delete --yes": ["a1s00000000000000009"],
    "invocations retry": ["--state", "retrying", "--yes"],
    "invocations retry --yes": ["--state", "retrying"],
    "invocations cancel": ["--state", "retrying", "--yes"],
    "invocations cancel --yes": ["--state", "retrying"],
    "dead-letters redrive --yes": ["--cause", "c2"],
    "dead-letters list --folder": [],
    "dead-letters redrive --folder": ["--trigger", "nightly"],
    "dead-letters redrive --limit": ["--trigger", "nightly"],
    "dead-letters redrive --output": ["--trigger", "nightly"],
    "dead-letters redrive --server": ["--trigger", "nightly"],
    "dead-letters redrive --ca": ["--trigger", "nightly"],
    "context add": ["--server", "127.0.0.1:50051"],
    "dev-certs --directory": ["--overwrite"],
    "executions replay": ["--reason", "again"],
    "schedules create": ["--integration", "weekly", "--cron", "0 8 * * ? *"],
    "schedules backfill": ["--from", "2024-01-01", "--until", "2026-01-01"],
    "triggers update": ["-f", "file.json"],
    "triggers create": ["-f", "file.json"],
    "integrations apply": ["-f", "file.json"],
    "backup": ["--to", "copy.db"],
    "backup --to": ["--database", "sqlite:///store.db"],
    "restore --overwrite": ["--database", "sqlite:///store.db"],
    "release --dry-run": ["--database", "sqlite:///held.db"],
    "move": ["--from", "sqlite:///store.db", "--to", "sqlite:///new.db"],
    "move --from": ["--to", "sqlite:///new.db"],
    "move --to": ["--from", "sqlite:///store.db"],
    "reset": ["--folder", "f1", "--yes"],
    "reset --folder": ["--database", "sqlite:///store.db", "--yes"],
    "reset --yes": ["--database", "sqlite:///store.db", "--folder", "f1"],
    "keys decrypt": ["--yes"],
    "keys decrypt --yes": [],
    "keys renew": ["--yes"],
    "keys renew --yes": [],
}
QUEUE = """{"name": "orders", "rule": {"messageQueue": {"queueId": "q", "serviceAccountId": "a",
    "batchSettings": {"cutoff": "1s"}, "invokeFunction": {"functionId": "f"}}}}"""
SCHEDULE = """{"kind": "Schedule", "name": "mornings", "integration": "nightly",
    "cronExpression": "0 9 ? * * *"}"""
CREDENTIALS = {
    "access tokens create": {"TOCSIN_OAUTH_TOKEN": "y0_token"},
    "access tokens revoke": {"TOCSIN_IAM_TOKEN": "t1.token"},
    "keys rotate": {"TOCSIN_ACCESS__KEY": "bm9ib2R5IHNob3VsZCB1c2UgdGhpcyBvbmUgZXZlciE="},
}
# The commands for whole databases, which find some in their folder.
OF_DATABASES = ("backup", "restore", "release", "check", "move", "reset")
# What differs each time: secrets, new ids, and how long something took or is ago.
NEW = re.compile(
    r"tocsin_[\w-]+|\b(aje|ajk|bkp|mov)\w{17}|\b[\d.]+ s\b|(\d+ (d|h|min|s) ?)+ago"
    r"|taken .* UTC"
)


class Command(NamedTuple):
    name: str
    command: Any

    @property
    def words(self) -> list[str]:
        return self.name.split()

    def options(self) -> Iterator[Any]:
        for each in self.command.params:
            if each.param_type_name == "option" and each.name != "help":
                yield each

    def arguments(self) -> Iterator[str]:
        for each in self.command.params:
            if each.param_type_name == "argument" and ARGUMENTS[each.metavar] is not None:
                yield ARGUMENTS[each.metavar]  # type: ignore[misc]


def leaves(command: Any, *words: str) -> Iterator[Command]:
    if not hasattr(command, "list_commands"):
        yield Command(" ".join(words), command)
        return
    for name in command.list_commands(None):
        yield from leaves(command.get_command(None, name), *words, name)


COMMANDS = list(leaves(get_command(app)))
EACH = [(command, option) for command in COMMANDS for option in command.options()]


def named(each: Any) -> str:
    return each.name if isinstance(each, Command) else longest(each)


def longest(option: Any) -> str:
    return max(option.opts, key=len)


def setting(command: Command, option: Any) -> list[str]:
    """The words that set an option."""
    name = longest(option)
    if option.is_flag:
        return [name]
    return [name, VALUES.get(f"{command.name} {name}", "") or VALUES[name]]


@pytest.fixture(scope="module")
def recorded() -> Iterator[tuple[str, RecordingServer]]:
    with recording_server() as made:
        yield made


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A database with a trigger, a backup of it, and what was restored from that."""
    folder = tmp_path_factory.mktemp("databases")
    store, backup, held = (folder / f"{name}.db" for name in ("store", "backup", "held"))
    migrate_sqlite(store)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(
            "INSERT INTO triggers (id, folder_id, name, message) VALUES ('t1', 'f1', 'n', x'')"
        )
    for words in (
        ["backup", "--database", f"sqlite:///{store}", "--to", str(backup)],
        ["restore", "--database", f"sqlite:///{held}", str(backup)],
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
    return [store, backup, held]


class Seen(NamedTuple):
    """All that a command does."""

    status: int
    printed: str
    calls: list[tuple[str, bytes]]
    files: list[str]
    given: list[Any]


@pytest.fixture
def own_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets commands configure the log of this process, and undoes it."""
    uncached = partial(structlog.configure, cache_logger_on_first_use=False)

    def configure(**settings: Any) -> None:
        settings.pop("cache_logger_on_first_use", None)
        uncached(**settings)

    monkeypatch.setattr(structlog, "configure", configure)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def do(
    own_log: None,
    recorded: tuple[str, RecordingServer],
    databases: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Runs a command in a new folder, with a server that answers everything."""
    address, server = recorded
    given: list[Any] = []

    async def demo(*_: Any, **options: Any) -> None:
        given.append(options)

    monkeypatch.setattr(serve, "_serve", lambda *settings: given.append(settings))
    monkeypatch.setattr(conformance, "_execute", lambda *asked: given.append(asked))
    monkeypatch.setattr(demo_run, "run_demo", demo)
    for name in list(os.environ):
        if name.startswith("TOCSIN_"):
            monkeypatch.delenv(name)

    def run(command: Command, words: list[str]) -> Seen:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        (folder / "tocsin-certs").mkdir(parents=True)
        (folder / "tocsin-certs" / "ca.pem").write_text("")
        (folder / "file.json").write_text('{"name": "nightly"}')
        (folder / "queue.json").write_text(QUEUE)
        (folder / "schedule.json").write_text(SCHEDULE)
        (folder / "key.pem").write_text("a key")
        (folder / "tocsin.toml").write_text('log_level = "error"\ndatabase = "sqlite:///toml.db"\n')
        if command.name in (*OF_DATABASES, "migrate"):
            for each in databases:
                shutil.copy(each, folder)
        monkeypatch.chdir(folder)
        server.calls.clear()
        given.clear()
        environment = {"TOCSIN_SERVER": address, "TOCSIN_FOLDER": "f1"}
        environment |= {"TOCSIN_CONTEXTS": str(folder / "contexts.json")}
        environment |= CREDENTIALS.get(command.name, {})
        done = CliRunner().invoke(
            app, [*command.words, *command.arguments(), *words], env=environment
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        printed = (done.stdout + done.stderr).replace(str(folder), "").replace(address, "")
        files = sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))
        return Seen(done.exit_code, NEW.sub("", printed), list(server.calls), files, list(given))

    return run


def companions(command: Command, option: Any) -> list[str]:
    own = WITH.get(f"{command.name} {longest(option)}")
    needed = WITH.get(command.name, []) if own is None else own
    return [] if longest(option) in ("--file", "--reason") else needed


@pytest.mark.parametrize(("command", "option"), EACH, ids=named)
def test_each_option_has_an_effect(do: Any, command: Command, option: Any) -> None:
    needed = companions(command, option)
    without = do(command, needed)
    assert do(command, needed) == without  # nothing else makes a difference
    assert do(command, needed + setting(command, option)) != without


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option) for command, option in EACH if not (option.multiple or option.is_flag)],
    ids=named,
)
def test_an_option_that_is_given_twice_is_refused(do: Any, command: Command, option: Any) -> None:
    seen = do(command, setting(command, option) * 2)
    assert (seen.status, seen.calls, seen.given) == (2, [], [])
    assert "is given 2 times: give it once" in " ".join(
        re.sub(r"[│╭╮╰╯─]", "", seen.printed).split()
    )


@pytest.mark.parametrize("name", OF_DATABASES)
def test_a_command_for_a_database_needs_no_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOCSIN_SERVER", raising=False)
    environment = {"TOCSIN_CONTEXT": "nowhere", "TOCSIN_CONTEXTS": str(tmp_path / "none.json")}
    [command] = [each for each in COMMANDS if each.name == name]
    words = [name, *command.arguments(), *WITH.get(name, [])]
    done = CliRunner().invoke(app, words, env=environment)
    assert done.exit_code == 1
    assert "does not exist" in done.stderr
    assert "nowhere" not in done.stderr


def test_the_walk_finds_the_commands() -> None:
    assert {"serve", "triggers create", "access keys create"} <= {each.name for each in COMMANDS}
    assert len(EACH) > 150


# Options that only together mean nothing, or two things.
CONTRADICTIONS = [
    "invocations list --integration nightly --folder f2",
    "invocations list --integration nightly --trigger nightly",
    "invocations watch --integration nightly --folder f2",
    f"dead-letters redrive {INVOCATIONS[0]} --limit 3",
    f"dead-letters redrive {INVOCATIONS[0]} --trigger nightly",
    f"dead-letters redrive {INVOCATIONS[0]} --cause c1",
    "dead-letters redrive --cause c1 --limit 3",
    "invocations retry",
    f"invocations retry {INVOCATIONS[0]} --state failed",
    f"invocations cancel {INVOCATIONS[0]} --folder f2",
    f"invocations resend {INVOCATIONS[0]} --payload in-f3.json --set a=1",
    "triggers create -f in-f3.json --folder f2",
    "triggers fire nightly --payload a --json 1",
    "triggers create -f in-f3.json --cron x",
    "triggers create --cron x --function f --container c",
    "triggers create nightly",
    "access keys create aje1 --to new.txt -o json",
    "access keys create aje1 --to new.txt --public-key key.pem",
]


@pytest.mark.parametrize("line", CONTRADICTIONS)
def test_options_that_contradict_each_other_are_refused(
    recorded: tuple[str, RecordingServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in-f3.json").write_text('{"name": "nightly", "folderId": "f3", "rule": {}}')
    address, server = recorded
    server.calls.clear()
    done = CliRunner().invoke(app, line.split(), env={"TOCSIN_SERVER": address})
    assert (done.exit_code, server.calls, done.stdout) == (2, [], "")
    assert done.stderr.startswith("tocsin: ")


def test_a_folder_of_the_environment_does_not_narrow_an_integration(
    recorded: tuple[str, RecordingServer],
) -> None:
    address, server = recorded
    server.calls.clear()
    environment = {"TOCSIN_SERVER": address, "TOCSIN_FOLDER": "f1"}
    words = ["invocations", "list", "--integration", "integrations/nightly"]
    assert CliRunner().invoke(app, words, env=environment).exit_code == 0
    [(_, request)] = server.calls
    assert b"nightly" in request
    assert b"f1" not in request
