"""grpc-gateway before Tocsin keeps the clauses of REST, but for those of its list."""

from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from conformance.suite import SCHEDULES, Subject, config_for
from gateway.grpc_gateway import serving as gateway_before
from stand.recording_target import RecordingTarget
from stand.tocsin_process import serving

KNOWN = files("tocsin.conformance") / "known" / "grpc-gateway.yaml"


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    with (
        closing(RecordingTarget()) as target,
        serving(tmp_path, config_for(target), http="off") as server,
        gateway_before(server.grpc_address) as gateway,
    ):
        rest = f"http://{gateway.address[0]}:{gateway.address[1]}"
        yield Subject(("--target", server.grpc_address, "--rest", rest, *SCHEDULES))


def test_it_fails_what_its_list_says_and_nothing_else(subject: Subject) -> None:
    profiles = ("--profile", "transcoding", "--profile", "schedule")
    done = subject.check(*profiles, "--known-failing", str(KNOWN))
    assert done.status == 0, done.stdout + done.stderr
