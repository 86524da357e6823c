"""A node that lacks descriptors for its calls waits; its targets have no share in that."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.fences.health import NOT_SERVING, SERVING, health
from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.recording_target import RecordingTarget, held_until
from stand.services.amazon import until
from stand.tocsin_process import Tocsin, serving


@contextmanager
def limited_to(server: Tocsin, descriptors: int) -> Iterator[None]:
    """Lets a server open no more descriptors than these."""
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def state(api: GoogleGrpc, execution: str) -> str:
    found = api.call("GetOperation", {"name": f"{LOCATION}/operations/{execution}"})
    return "done" if found.get("done") else "waits"


def test_a_node_without_descriptors_waits_and_fails_nothing(
    directory: Path, target: RecordingTarget
) -> None:
    config = config_of({"short": target.url})
    with serving(directory, config, http="off") as server, server.channel() as channel:
        api = GoogleGrpc(channel)
        assert health(channel) == SERVING
        descriptors = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        with limited_to(server, descriptors):
            made = [schedule(api, LOCATION, "short")[0] for _ in range(100)]
            until(lambda: health(channel) == NOT_SERVING, "health says that the node is short")
            assert {state(api, each) for each in made} == {"waits"}
        calls = target.wait_for(lambda call: call.path == "/short", count=100)
        until(lambda: health(channel) == SERVING, "health says that the node is well")
        until(lambda: {state(api, each) for each in made} == {"done"}, "all end")
        assert {call.headers["x-attempt"] for call in calls} == {"1"}
        found = [
            api.call("GetOperation", {"name": f"{LOCATION}/operations/{each}"}) for each in made
        ]
        assert not any("error" in each for each in found)
        assert "Traceback" not in server.log.read_text()


def test_a_soft_limit_is_raised_to_the_hard_one(directory: Path, target: RecordingTarget) -> None:
    let_go = threading.Event()
    target.answers["/many"] = held_until(let_go, b"{}")
    config = config_of({"many": target.url}) + "\n[targets]\nconcurrency_per_target = 200\n"
    soft = ("sh", "-c", 'ulimit -Sn 150; exec "$@"', "sh")
    with serving(directory, config, http="off", within=soft) as server:
        with server.channel() as channel:
            api = GoogleGrpc(channel)
            for _ in range(200):
                schedule(api, LOCATION, "many")
            target.wait_for(lambda call: call.path == "/many", count=200)
            assert health(channel) == SERVING
            let_go.set()
        assert "limit of open files" not in server.log.read_text()


def test_a_hard_limit_bounds_the_deliveries_and_the_log_says_so(
    directory: Path, target: RecordingTarget
) -> None:
    config = config_of({"few": target.url})
    hard = ("sh", "-c", 'ulimit -n 400; exec "$@"', "sh")
    with serving(directory, config, http="off", within=hard) as server:
        with server.channel() as channel:
            api = GoogleGrpc(channel)
            for _ in range(300):
                schedule(api, LOCATION, "few")
            target.wait_for(lambda call: call.path == "/few", count=300)
            assert health(channel) == SERVING
        log = server.log.read_text()
    assert "the limit of open files is lower than the settings need" in log
    assert "deliveries_at_once=36" in log
