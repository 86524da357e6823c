"""Triggers that the settings name have metrics of their own, and no others."""

import asyncio
from pathlib import Path

import pytest

from stand.apis.tocsin import TocsinGrpc
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin, run_tocsin
from telemetry.scraping import Scrape, until
from telemetry.test_metrics import measured
from tocsin.composition.measuring import wanted_triggers
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.overview.single_triggers import find_wanted
from tocsin.store.schema import FIRST_CONTRACT
from tocsin.store.triggers.rows import insert_trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

FOLDER = "b1g0"
SUCCEEDED = "tocsin_trigger_last_success_timestamp_seconds"
FAILED = "tocsin_trigger_last_failure_timestamp_seconds"
NEXT = "tocsin_trigger_next_fire_timestamp_seconds"
LAG = "tocsin_trigger_last_lag_seconds"
FINISHED = "tocsin_trigger_finished_total"
LEFT_OUT = "tocsin_trigger_left_out"


def create(server: Tocsin, name: str) -> str:
    """Makes a timer that does not tick by itself, whose function has its name."""
    request = contract.CreateTriggerRequest(folder_id=FOLDER, name=name)
    request.rule.timer.cron_expression = "0 0 1 1 ? 2099"
    request.rule.timer.invoke_function_with_retry.function_id = name
    with server.channel() as channel:
        made = TriggerServiceStub(channel).Create(request)
    metadata = contract.CreateTriggerMetadata()
    made.metadata.Unpack(metadata)
    return metadata.trigger_id


def fire(server: Tocsin, trigger_id: str) -> None:
    TocsinGrpc(server.grpc_address).call("FiringService.FireTrigger", {"triggerId": trigger_id})


def test_a_named_trigger_shows_its_latest_results(
    directory: Path, config: str, target: RecordingTarget
) -> None:
    target.answers["/functions/broken"] = lambda _: Answer(status=500)
    config = f'metrics_triggers = ["{FOLDER}/good", "{FOLDER}/broken", "{FOLDER}/none"]\n{config}'
    with measured(directory, config) as server:
        ids = {name: create(server, name) for name in ("good", "broken", "unnamed")}
        for trigger_id in ids.values():
            fire(server, trigger_id)
        until(server, lambda seen: seen.value("tocsin_invocations_finished_total") == 3)
    # The first look of a start finds them; later ones come every fifteen seconds.
    with measured(directory, config) as server:
        good = {"trigger_id": ids["good"], "trigger_name": "good", "folder_id": FOLDER}
        broken = {"trigger_id": ids["broken"], "trigger_name": "broken", "folder_id": FOLDER}
        seen = until(server, lambda seen: seen.value(NEXT, **good) > 0)
        assert seen.value(SUCCEEDED, **good) > 1.7e9
        assert 0 <= seen.value(LAG, **good) < 60
        assert seen.value(FAILED, **broken) > 1.7e9
        assert not has(seen, FAILED, **good)
        assert not has(seen, SUCCEEDED, **broken)
        assert not has(seen, NEXT, trigger_id=ids["unnamed"])
        assert (seen.value(LEFT_OUT), has(seen, LEFT_OUT)) == (0, True)
        fire(server, ids["good"])
        fire(server, ids["unnamed"])
        seen = until(server, lambda seen: seen.value("tocsin_invocations_finished_total") == 2)
        assert seen.value(FINISHED, state="succeeded", **good) == 1
        assert seen.value(FINISHED) == 1


def has(seen: Scrape, name: str, **labels: str) -> bool:
    return any(
        sample.name == name and labels.items() <= sample.labels.items()
        for family in seen.families.values()
        for sample in family.samples
    )


def test_a_folder_is_shown_up_to_the_limit_and_the_rest_is_counted(directory: Path) -> None:
    def fill(tx: Transaction) -> None:
        places = [(f"t{number:02}", "f", "") for number in range(12)] + [("n1", "g", "nightly")]
        for trigger_id, folder_id, name in places:
            insert_trigger(
                tx,
                trigger_id=trigger_id,
                folder_id=folder_id,
                name=name,
                contract=FIRST_CONTRACT,
                message=b"",
            )

    async def look(limit: int) -> tuple[list[str], int]:
        database = open_database(f"sqlite:///{directory}/t.db")
        if limit == 5:
            await database.write(fill)
        found, left_out = await database.read(lambda tx: find_wanted(tx, wanted, limit=limit))
        await database.close()
        return [one.id for one in found], left_out

    wanted = wanted_triggers(["f/*", "g/nightly", "t11", "nobody"])
    # Those that are named one by one go before.
    assert asyncio.run(look(5)) == (["t11", "n1", "t00", "t01", "t02"], 8)
    everything, none = asyncio.run(look(200))
    assert (len(everything), none) == (13, 0)


@pytest.mark.parametrize("named", ["*", "/x", "f/", "f/x\\n"])
def test_a_place_that_names_no_trigger_is_refused(directory: Path, named: str) -> None:
    (directory / "tocsin.toml").write_text(f'metrics_triggers = ["{named}"]')
    done = run_tocsin("config", "check", "--config", str(directory / "tocsin.toml"))
    assert done.status != 0
    assert "metrics_triggers.0: expected" in done.stderr
