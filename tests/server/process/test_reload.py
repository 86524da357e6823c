"""SIGHUP and `tocsin config reload` put targets and integrations in force, and keep the rest."""

import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import termios
from pathlib import Path

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.wire import Refused
from stand.recording_target import RecordingTarget
from stand.services.amazon import until
from stand.tocsin_process import (
    PATIENCE,
    TOCSIN,
    Ended,
    Tocsin,
    clean_environment,
    run_tocsin,
    serve_command,
    serving,
    started,
)


def reload(server: Tocsin, config: str) -> None:
    """Gives the server another file and SIGHUP, and waits until it has read it."""
    (server.log.parent / "tocsin.toml").write_text(config)
    before = told(server)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: told(server) > before, "the server reads its settings")


def told(server: Tocsin) -> int:
    text = server.log.read_text()
    return text.count("settings reloaded") + text.count("could not reload the settings")


def refusal(api: GoogleGrpc, integration: str) -> str:
    try:
        schedule(api, LOCATION, integration)
    except Refused as refused:
        return refused.code
    return ""


def test_new_targets_are_called_and_old_ones_are_not(
    directory: Path, target: RecordingTarget
) -> None:
    first, second = f"{target.url}/first", f"{target.url}/second"
    with serving(directory, config_of({"kept": first, "gone": first}), http="off") as server:
        with server.channel() as channel:
            api = GoogleGrpc(channel)
            schedule(api, LOCATION, "kept")
            target.wait_for(lambda call: call.path == "/first/kept")
            reload(server, config_of({"kept": second, "new": second}))
            for path in ("/second/kept", "/second/new"):
                schedule(api, LOCATION, path.rpartition("/")[2])
                target.wait_for(lambda call, path=path: call.path == path)  # type: ignore[misc]
            assert refusal(api, "gone") == "NOT_FOUND"
        assert server.stop() == 0
        log = server.log.read_text()
        assert "added=['integrations.new']" in log
        assert "changed=['integrations.kept.url']" in log
        assert "removed=['integrations.gone']" in log
        assert second not in log


def test_a_wrong_file_keeps_what_was_in_force(directory: Path, target: RecordingTarget) -> None:
    good = config_of({"kept": target.url + "/wrong"})
    with serving(directory, good, http="off") as server, server.channel() as channel:
        api = GoogleGrpc(channel)
        for wrong in ("[integrations.kept]\nurl = 7", "not toml", '[targets]\nfunction = "x"'):
            reload(server, wrong)
            schedule(api, LOCATION, "kept")
        target.wait_for(lambda call: call.path == "/wrong/kept", count=3)
        assert "settings reloaded" not in server.log.read_text()
        # The right file is taken afterwards.
        reload(server, config_of({"other": target.url + "/wrong"}))
        assert refusal(api, "kept") == "NOT_FOUND"


def test_what_needs_a_restart_is_named_and_stays(directory: Path, target: RecordingTarget) -> None:
    config = config_of({"kept": target.url + "/stays"})
    with serving(directory, config, http="off") as server, server.channel() as channel:
        other = "grace = 3.0\ntargets.max_payload_bytes = 2048\ntargets.timeout = 5.0\n"
        reload(server, other + config)
        schedule(GoogleGrpc(channel), LOCATION, "kept")
        target.wait_for(lambda call: call.path == "/stays/kept")
        assert server.stop() == 0
        log = server.log.read_text()
        assert "only a restart puts in force" in log
        assert "'grace', 'targets.max_payload_bytes'" in log
        assert "changed=['targets.timeout']" in log


def ask(server: Tocsin, config: str, *options: str) -> Ended:
    """Gives the server another file, and has it read by the command."""
    (server.log.parent / "tocsin.toml").write_text(config)
    return run_tocsin("config", "reload", "--server", server.grpc_address, *options)


def test_the_command_tells_what_changed_on_which_node_and_never_a_value(
    directory: Path, target: RecordingTarget
) -> None:
    first, second = f"{target.url}/first", f"{target.url}/s3cret"
    functions = '[targets.functions]\nold = "{}"\n"with space.and dot" = "{}"\n'
    before = functions.format(first, first) + config_of({"kept": first, "gone": first})
    with serving(directory, before, http="off") as server:
        after = functions.replace("old", "new").format(first, second)
        after = "grace = 3.0\n" + after + config_of({"kept": second, "new": second})
        done = ask(server, after, "-o", "json")
        assert done.status == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer.pop("node").startswith("nod")
        assert answer == {
            "host": socket.gethostname(),
            "file": f"{directory}/tocsin.toml",
            "added": ["integrations.new", "targets.functions.new"],
            "removed": ["integrations.gone", "targets.functions.old"],
            "changed": [
                "integrations.kept.url",
                'targets.functions."with space.and dot"',
            ],
            "needRestart": ["grace"],
        }
        with server.channel() as channel:
            schedule(GoogleGrpc(channel), LOCATION, "kept")
            target.wait_for(lambda call: call.path == "/s3cret/kept")
        again = ask(server, after)
        assert (again.status, "Nothing changed" in again.stderr) == (0, True)
        assert "Restart the node" in again.stderr
        assert server.stop() == 0
        log = server.log.read_text()
        assert "added=['integrations.new', 'targets.functions.new']" in log
        for text in (log, done.stdout, again.stdout):
            assert "s3cret" not in text


def test_the_command_tells_why_a_wrong_file_changes_nothing(
    directory: Path, target: RecordingTarget
) -> None:
    good = config_of({"kept": target.url + "/told"})
    with serving(directory, good, http="off") as server, server.channel() as channel:
        for wrong, why in (
            ("[integrations.kept]\nurl = 7", "integrations.kept.url: "),
            ("not toml", "is not TOML"),
            ('[targets]\nfunktion = "http://user:s3cret@h/"', "targets.funktion: unknown setting"),
        ):
            refused = ask(server, wrong)
            assert (refused.status, refused.stdout) == (1, "")
            assert why in refused.stderr
            assert "those before stay in force" in refused.stderr
            assert "s3cret" not in refused.stderr
        (directory / "tocsin.toml").unlink()
        gone = run_tocsin("config", "reload", "--server", server.grpc_address)
        assert (gone.status, "No such file" in gone.stderr) == (1, True)
        schedule(GoogleGrpc(channel), LOCATION, "kept")
        target.wait_for(lambda call: call.path == "/told/kept")
        assert server.stop() == 0
        log = server.log.read_text()
        assert log.count("could not reload the settings") == 4
        assert "s3cret" not in log


def test_a_server_without_a_file_says_how_to_give_it_one(tmp_path: Path) -> None:
    command = [str(TOCSIN), "serve", "--listen", "127.0.0.1:0", "--http", "off"]
    command += ["--database", f"sqlite:///{tmp_path}/tocsin.db"]
    with (
        (tmp_path / "log").open("w") as log,
        started(command, log, clean_environment({})) as process,
    ):
        assert process.stdout is not None
        server = Tocsin(process, process.stdout.readline().strip(), tmp_path / "log")
        refused = run_tocsin("config", "reload", "--server", server.grpc_address)
        assert server.stop() == 0
    assert refused.status == 1
    assert "start it with --config FILE" in refused.stderr


def test_a_terminal_that_is_closed_ends_the_server(directory: Path) -> None:
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        serve_command(directory, http="off"),
        stdin=its_end,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(its_end)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        os.close(terminal)
        assert process.wait(PATIENCE) == 0
