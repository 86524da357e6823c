"""Nodes whose machines show another time, by an hour: all go by PostgreSQL's clock."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stand.recording_target import Received, RecordingTarget
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import serving
from stand.wall_clock import WallClock
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=1)
# Between two clocks that are read one after the other.
TOLERANCE = timedelta(milliseconds=50)


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_ticks_fire_at_the_databases_time(
    skew: timedelta, postgres: PostgresServer, tmp_path: Path
) -> None:
    wall = WallClock(tmp_path)
    wall.shift(skew)
    url = postgres.new_database()
    target = RecordingTarget()
    config = f'targets.function = "{target.url}/{{function_id}}"'

    def fires_at_its_time(count: int) -> Received:
        tick = datetime.fromtimestamp(time.time(), UTC) + SOON
        micros = int(tick.timestamp() * 1_000_000)
        database = url.rpartition("/")[2]
        postgres.execute(database, "UPDATE armed_timers SET next_at = $1", micros)
        postgres.execute(database, "NOTIFY tocsin")
        call = target.wait_for(lambda _: True, count)[-1]
        assert call.at >= tick - TOLERANCE
        assert datetime.fromisoformat(call.headers["x-scheduled-at"]) == tick
        return call

    try:
        with serving(
            tmp_path, config, "--database", url, http="off", environment=wall.environment
        ) as node:
            with node.channel() as channel:
                request = contract.CreateTriggerRequest(folder_id="b1g0")
                # Never comes by itself while the test runs.
                request.rule.timer.cron_expression = "0 0 1 1 ? 2099"
                request.rule.timer.invoke_function.function_id = "f"
                TriggerServiceStub(channel).Create(request)
            fires_at_its_time(1)
            told = "this machine's clock differs from the store's"
            assert node.log.read_text().count(told) == 1
            # And when it is set while the node runs.
            wall.shift(-skew)
            call = fires_at_its_time(2)
            assert datetime.fromisoformat(call.headers["x-started-at"]) - call.at < SOON
    finally:
        target.close()
