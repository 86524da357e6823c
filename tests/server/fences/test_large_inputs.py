"""Large inputs of one target cost its own and no other's."""

import json
import threading
from pathlib import Path

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, schedule
from stand.recording_target import Answer, RecordingTarget, held_until
from stand.tocsin_process import serving
from telemetry.scraping import until

MIB = 1024 * 1024
# The least that can be set: one target gets 4 MiB of it.
CONFIG = f"[targets]\npayload_bytes = {16 * MIB}\n"
INPUTS = {"text": {"stringValue": "x" * (2 * MIB - 1024)}}
UNDER_WAY = "tocsin_payload_bytes_under_way"


def test_a_hanging_target_holds_a_share_of_the_bytes_and_others_get_theirs(
    directory: Path, target: RecordingTarget
) -> None:
    go_on = threading.Event()
    target.answers["/hangs"] = held_until(go_on)
    config = CONFIG + config_of(dict.fromkeys(("hangs", "healthy"), target.url))
    with (
        serving(directory, config, "--metrics", "127.0.0.1:0", http="off") as server,
        server.channel() as channel,
    ):
        api = GoogleGrpc(channel)
        for _ in range(6):
            schedule(api, LOCATION, "hangs", inputParameters=INPUTS)
        target.wait_for(lambda call: call.path == "/hangs", count=2)
        for _ in range(3):
            schedule(api, LOCATION, "healthy", inputParameters=INPUTS)
        target.wait_for(lambda call: call.path == "/healthy", count=3)
        assert len(target.all(lambda call: call.path == "/hangs")) == 2
        # A call counts until its answer is there.
        until(server, lambda seen: 3 * MIB < seen.value(UNDER_WAY) <= 4 * MIB)
        go_on.set()
        calls = target.wait_for(lambda call: call.path == "/hangs", count=6)
        assert len({call.headers["x-request-id"] for call in calls}) == 6
    # Only what follows the end of the server is sure to be in the log.
    assert "[targets] payload_bytes limits" in server.log.read_text()


def test_a_large_input_comes_whole_and_is_shown_whole(
    directory: Path, target: RecordingTarget
) -> None:
    text, answered = "x" * MIB, "y" * MIB
    target.answers["/large"] = lambda _: Answer(body=json.dumps({"text": answered}).encode())
    with (
        serving(directory, config_of({"large": target.url}), http="off") as server,
        server.channel() as channel,
    ):
        api = GoogleGrpc(channel)
        inputs = {"text": {"stringValue": text}}
        [execution_id] = schedule(api, LOCATION, "large", inputParameters=inputs)
        [call] = target.wait_for(lambda call: call.path == "/large")
        assert call.json["parameters"]["text"] == text
        name = f"{LOCATION}/operations/{execution_id}"
        done = api.call("WaitOperation", {"name": name, "timeout": "30s"})
        assert done["response"]["requestParams"]["text"]["value"]["stringValue"] == text
        assert done["response"]["responseParams"]["text"]["value"]["stringValue"] == answered
