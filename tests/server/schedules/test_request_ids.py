"""How long the id of a request is remembered."""

from pathlib import Path

from stand.apis.google import NEVER, GoogleGrpc, schedule
from stand.tocsin_process import run_tocsin, serving
from tocsin_protos.tocsin.v1.clock_service_pb2 import ClockServiceAdvanceRequest
from tocsin_protos.tocsin.v1.clock_service_pb2_grpc import ClockServiceStub

CONFIG = """
    clock = "manual"

    [retention]
    request_ids_age = 60

    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:9/"
"""


def test_after_its_time_the_id_of_a_request_runs_again(tmp_path: Path) -> None:
    location = "projects/p/locations/l"
    with serving(tmp_path, CONFIG, http="off") as server, server.channel() as channel:
        google, clock = GoogleGrpc(channel), ClockServiceStub(channel)

        def ask() -> list[str]:
            return schedule(google, location, "nightly", scheduleTime=NEVER, requestId="r1")

        def advance(seconds: int) -> None:
            request = ClockServiceAdvanceRequest()
            request.duration.seconds = seconds
            clock.Advance(request, timeout=30)

        first = ask()
        advance(59)
        assert ask() == first
        advance(2)
        assert ask() != first


def test_a_time_that_is_too_short_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    config.write_text("[retention]\nrequest_ids_age = 1\n")
    done = run_tocsin("config", "check", "--config", str(config))
    assert done.status == 1
    assert "request_ids_age" in done.stderr
