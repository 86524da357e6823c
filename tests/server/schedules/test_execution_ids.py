"""The id that a client chooses for an execution is unique in its project and location alone."""

import sqlite3
import uuid
from pathlib import Path

import pytest

from stand.apis.google import NEVER, GoogleApi, GoogleGrpc, operation, schedule
from stand.apis.tocsin import TocsinGrpc
from stand.apis.wire import Json, Refused
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin, serving


def waiting(google: GoogleApi, location: str, execution_id: str) -> list[str]:
    return schedule(
        google, location, "nightly", userGeneratedExecutionId=execution_id, scheduleTime=NEVER
    )


def refused(google: GoogleApi, location: str, execution_id: str) -> str:
    with pytest.raises(Refused) as raised:
        waiting(google, location, execution_id)
    return raised.value.code


def named(location: str, execution_id: str) -> Json:
    return {"name": f"{location}/operations/{execution_id}"}


def test_another_project_or_location_may_have_the_same_id(google: GoogleApi) -> None:
    project, mine = f"projects/{uuid.uuid4().hex}", f"my-{uuid.uuid4().hex[:20]}"
    places = [f"{project}/locations/a", f"{project}/locations/b", f"{project}x/locations/a"]
    for place in places:
        assert waiting(google, place, mine) == [mine]
        assert refused(google, place, mine) == "ALREADY_EXISTS"
    for place in places:
        shown = operation(google, place, mine)
        assert shown["name"] == f"{place}/operations/{mine}"
        assert shown["metadata"]["projectId"] == place.split("/")[1]
        assert [each["name"] for each in listed(google, place)] == [shown["name"]]
    google.call("CancelOperation", named(places[0], mine))
    google.call("DeleteOperation", named(places[1], mine))
    assert operation(google, places[0], mine)["error"]["message"] == "cancelled"
    with pytest.raises(Refused, match="not found"):
        operation(google, places[1], mine)
    assert "error" not in operation(google, places[2], mine)
    # What its client deleted keeps its id for as long as it is kept.
    assert refused(google, places[1], mine) == "ALREADY_EXISTS"


def listed(google: GoogleApi, location: str) -> list[Json]:
    found: list[Json] = google.call("ListOperations", {"name": location}).get("operations", [])
    return found


def test_an_id_that_the_server_made_is_taken_too(google: GoogleApi, location: str) -> None:
    [made] = schedule(google, location, "nightly", scheduleTime=NEVER)
    assert refused(google, location, made) == "ALREADY_EXISTS"
    assert waiting(google, f"{location}x", made) == [made]
    assert len(listed(google, location)) == len(listed(google, f"{location}x")) == 1


def test_the_target_and_the_invocation_have_both_ids(
    google_grpc: GoogleApi, server: Tocsin, target: RecordingTarget, location: str
) -> None:
    mine = f"my-{uuid.uuid4().hex[:20]}"
    schedule(google_grpc, location, "nightly", userGeneratedExecutionId=mine)
    [received] = target.wait_for(lambda call: call.json.get("executionId") == mine)
    invocation_id = received.headers["x-request-id"]
    api = TocsinGrpc(server.grpc_address)
    request = {"invocationId": invocation_id}
    shown = api.call("InvocationService.Get", request)["invocation"]
    assert (shown["id"], shown["executionId"]) == (invocation_id, mine)
    # The server's own id leads to the execution as well, which is shown by its client's.
    same = operation(google_grpc, location, invocation_id)
    assert same["name"] == f"{location}/operations/{mine}"


def test_an_execution_of_the_first_release_keeps_its_id(
    directory: Path, config: str, location: str
) -> None:
    old = f"old-{uuid.uuid4().hex[:20]}"
    with serving(directory, config, http="off") as server, server.channel() as channel:
        [made] = schedule(GoogleGrpc(channel), location, "nightly", scheduleTime=NEVER)
    # 0.1.0 had the client's id as the invocation's.
    with sqlite3.connect(directory / "tocsin.db") as store:
        store.execute("UPDATE invocations SET id = ? WHERE id = ?", (old, made))
    store.close()
    with serving(directory, config, http="off") as server, server.channel() as channel:
        google = GoogleGrpc(channel)
        assert operation(google, location, old)["name"] == f"{location}/operations/{old}"
        assert refused(google, location, old) == "ALREADY_EXISTS"
        assert waiting(google, f"{location}x", old) == [old]
        google.call("CancelOperation", named(f"{location}x", old))
        assert "error" not in operation(google, location, old)
        with pytest.raises(Refused, match="not found"):
            operation(google, f"{location}y", old)
