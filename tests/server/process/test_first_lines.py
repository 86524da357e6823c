"""The first lines of a start say which server it is, and commands that work on this very server."""

import json
import os
import pty
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stand.services.amazon import until
from stand.tocsin_process import (
    PATIENCE,
    Tocsin,
    clean_environment,
    run_tocsin,
    serve_command,
    serving,
)
from tocsin.composition.listening import Doors
from tocsin.composition.telling.next_steps import NO_TARGET, next_steps
from tocsin.composition.telling.start import Start
from tocsin.release import tocsin_version
from tocsin.settings import Address, Settings
from tocsin.store.migrations.steps import newest_schema

DATABASE = "sqlite:////data/tocsin.db"


def on_terminal(command: Sequence[str], directory: Path) -> str:
    """Returns what a server shows on a terminal until it is ready."""
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=its_end,
        stderr=its_end,
        cwd=directory,
        env=clean_environment({}),
    ) as process:
        os.close(its_end)
        shown = b""
        while b"\nready " not in shown or not shown.endswith(b"\n"):
            shown += os.read(terminal, 4096)
        process.terminate()
        process.wait(PATIENCE)
        os.close(terminal)
    return shown.decode().replace("\r\n", "\n")


def record(server: Tocsin) -> dict[str, Any]:
    """What a server told of its start; the server has stopped, so its log is whole."""
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    [told] = [line for line in lines if line["event"] == "serving"]
    return told


def test_a_terminal_shows_a_block_before_the_line_ready(directory: Path) -> None:
    shown = on_terminal(serve_command(directory), directory)
    block, _, ready = shown[shown.index("tocsin ") :].partition("\nready ")
    address = dict(word.split("=") for word in ready.split())
    assert "\x1b" not in block
    assert block.startswith(f"tocsin {tocsin_version()}")
    assert f"\n  settings  {directory}/tocsin.toml\n" in block
    assert f"\n  database  sqlite:///{directory}/tocsin.db\n" in block
    assert f"schema {newest_schema()}, 0 triggers\n" in block
    assert f"\n  page      http://{address['http']}/\n" in block
    assert f"--server {address['grpc']}" in block
    assert NO_TARGET in block


def test_each_next_step_works_on_the_server_that_named_it(directory: Path) -> None:
    config = '[targets.functions]\n"it\'s mine" = "http://127.0.0.1:9/"\n'
    options = ("--log-format", "json")
    with serving(directory, config, *options, http="off") as server:
        create, top = until_told(server)["next"]
        [_, *words] = shlex.split(create)
        assert "it's mine" in words
        done = run_tocsin(*words)
        assert done.status == 0, done.stderr
        told = record(server)
    assert (told["triggers"], told["page"], told["schema"]) == (0, None, newest_schema())
    assert told["version"] == tocsin_version()
    assert shlex.split(top)[:2] == ["tocsin", "top"]
    server.log.unlink()
    with serving(directory, config, *options, http="off") as server:
        listing, _ = until_told(server)["next"]
        done = run_tocsin(*shlex.split(listing)[1:])
        assert "b1g1" in done.stdout
        assert record(server)["triggers"] == 1


def until_told(server: Tocsin) -> dict[str, Any]:
    """What a server that is ready told of its start; a thread of it writes the log."""

    def told() -> list[str]:
        return [line for line in server.log.read_text().splitlines() if '"serving"' in line]

    until(lambda: len(told()) == 1, "the server tells of its start")
    [line] = told()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_log_of_warnings_alone_has_none_of_it(directory: Path) -> None:
    """Envoy warns at each start of a setting that it will not know for long."""
    with serving(directory, "", "--log-level", "warning") as server:
        assert server.stop() == 0
    assert server.log.read_text() == ""


def steps(
    settings: Settings,
    doors: Doors,
    *,
    database: str = DATABASE,
    triggers: int = 0,
    accounts: bool = False,
    on_hold: bool = False,
) -> tuple[str, ...]:
    return next_steps(
        settings, doors, database, triggers=triggers, accounts=accounts, on_hold=on_hold
    )


USUAL = Doors(Address("127.0.0.1", 50051), None, None)


def test_a_store_on_hold_is_to_be_released() -> None:
    assert steps(Settings(), USUAL, on_hold=True) == (
        f"tocsin release --dry-run --database {DATABASE}",
        f"tocsin release --database {DATABASE}",
    )


def test_access_control_without_an_account_needs_the_first_administrator() -> None:
    guarded = Settings.model_validate({"access": {"enabled": True}})
    init = f"tocsin access init --to admin-key --database {DATABASE}"
    assert steps(guarded, USUAL) == (f"{init} (with this server stopped)",)
    [several] = steps(guarded, USUAL, database="postgresql://t@db/t")
    assert "stopped" not in several
    assert steps(guarded, USUAL, accounts=True)[-1] == "tocsin whoami"


def test_the_usual_address_need_not_be_named_and_any_address_is_called_by_loopback() -> None:
    assert steps(Settings(), USUAL, triggers=2) == ("tocsin folders list", "tocsin top")
    for host, called in (("0.0.0.0", "127.0.0.1:7000"), ("::", "[::1]:7000")):
        [_, top] = steps(Settings(), Doors(Address(host, 7000), None, None), triggers=2)
        assert shlex.split(top) == ["tocsin", "top", "--server", called]


def test_a_server_with_tls_alone_is_called_with_the_authority_beside_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certs = tmp_path / "my certs"
    certs.mkdir()
    files = {"tls": "127.0.0.1:8443", "tls_cert": certs / "s.pem", "tls_key": certs / "s.key"}
    settings = Settings.model_validate({"listen": "off", "http": "off", **files})
    doors = Doors(None, None, Address("127.0.0.1", 8443))
    assert steps(settings, doors, triggers=1) == ()
    (certs / "ca.pem").touch()
    monkeypatch.chdir(tmp_path)
    [_, top] = steps(settings, doors, triggers=1)
    assert top == "tocsin top --server 127.0.0.1:8443 --ca 'my certs/ca.pem'"


@pytest.mark.parametrize(
    ("triggers", "more", "words"),
    [
        (0, False, "0 triggers"),
        (1, False, "1 trigger"),
        (1234, False, "1,234 triggers"),
        (10_000, True, "10,000+ triggers"),
    ],
)
def test_triggers_are_counted_up_to_a_bound(triggers: int, more: bool, words: str) -> None:
    start = Start("1", None, None, "", "0001", triggers, more, None, ())
    assert start.counted() == words
