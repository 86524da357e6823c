"""Large answers of many integrations at once are read as far as there is room for them."""

import threading
from pathlib import Path
from typing import BinaryIO

from server.fences.integrations import LOCATION, config_of
from stand.apis.google import GoogleGrpc, finished, schedule
from stand.recording_target import Answer, Received, RecordingTarget
from stand.tocsin_process import serving
from telemetry.scraping import until

MIB = 1024 * 1024
# The least that can be set.
ROOM = 16 * MIB
CONFIG = f"[targets]\npayload_bytes = {ROOM}\n"
LARGE = b'{"text": "' + b"y" * (6 * MIB) + b'"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LARGE)
LENT = "tocsin_answer_bytes_under_way"


def test_many_large_answers_take_turns_and_small_ones_do_not_wait(
    directory: Path, target: RecordingTarget
) -> None:
    let_go = threading.Event()

    def keep_back_the_end(out: BinaryIO) -> None:
        out.write(HEAD + LARGE[:-1])
        let_go.wait(30)
        out.write(LARGE[-1:])

    def answer(_: Received) -> Answer:
        return Answer(speak=keep_back_the_end)

    names = [f"large-{number}" for number in range(6)]
    target.answers.update({f"/{name}": answer for name in names})
    config = CONFIG + config_of(dict.fromkeys((*names, "small"), target.url))
    with (
        serving(directory, config, "--metrics", "127.0.0.1:0", http="off") as server,
        server.channel() as channel,
    ):
        api = GoogleGrpc(channel)
        executions = [schedule(api, LOCATION, name)[0] for name in names]
        target.wait_for(lambda call: "large" in call.path, count=len(names))
        until(server, lambda seen: seen.value(LENT) == 2 * len(LARGE))
        [small] = schedule(api, LOCATION, "small")
        assert "error" not in finished(api, LOCATION, small)
        until(server, lambda seen: seen.value(LENT) == 2 * len(LARGE))
        let_go.set()
        for execution in executions:
            metadata = finished(api, LOCATION, execution)["metadata"]
            details = metadata["integrationExecutionDetails"]
            assert details["integrationExecutionState"] == "SUCCEEDED"
            # Its parameters are there, only too large for an operation.
            assert "left out" in metadata["errors"][0]["errorMessage"]
        until(server, lambda seen: seen.value(LENT) == 0)
