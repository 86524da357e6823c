"""SIGHUP puts the settings of targets and integrations in force, and keeps the others."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
from pathlib import Path

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.wire import Refused
from stand.recording_target import RecordingTarget
from stand.services.amazon import until
from stand.tocsin_process import PATIENCE, Tocsin, serve_command, serving


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
        assert "integrations.kept.url" in log
        assert "integrations.new" in log
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
