"""Lists of ten thousand rows come page by page, and claim no number that was not counted."""

import asyncio
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import bindparam, insert

from console.servers import served
from stand.apis.steering import QueueService
from stand.recording_target import RecordingTarget
from stand.tocsin_process import Tocsin
from tocsin.compilers.triggers_v1 import CONTRACT, compile_trigger
from tocsin.plans.plan import action_to_json
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction, Value
from tocsin.store.schema import invocations
from tocsin.store.triggers.rows import insert_trigger
from tocsin.store.triggers.timers import arm_timers
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

ROWS = 10_001
NOW = datetime.now(UTC)
RULE = Trigger.Rule(
    timer=Trigger.Timer(cron_expression="0 0 1 1 ? *", invoke_function={"function_id": "hello"})
)
[ACTION] = map(action_to_json, compile_trigger(Trigger(rule=RULE)).actions)
MOST_SHOWN = 1000
# How often something was put into the table in a bit more than a second.
MOVES = """new Promise((done) => {
  let moves = 0;
  const watching = new MutationObserver((seen) => (moves += seen.length));
  const rows = document.querySelector("tbody");
  watching.observe(rows, { subtree: true, childList: true, characterData: true });
  setTimeout(() => done(moves), 1200);
})"""


@pytest.fixture(scope="module")
def server(target: RecordingTarget, queues: QueueService) -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made:
        url = f"sqlite:///{Path(made, 'many.db')}"
        # In this thread the browser's loop runs.
        with ThreadPoolExecutor(1) as other:
            other.submit(lambda: asyncio.run(filled(url))).result()
        with served(target, queues, url) as tocsin:
            yield tocsin


async def filled(url: str) -> None:
    database = open_database(url)
    await database.write(fill)
    await database.close()


def fill(tx: Transaction) -> None:
    for number in range(ROWS):
        trigger = Trigger(id=id_of(number), folder_id="many", name=f"row-{number}", rule=RULE)
        insert_trigger(
            tx,
            trigger_id=trigger.id,
            folder_id="many",
            name=trigger.name,
            contract=CONTRACT,
            message=trigger.SerializeToString(),
        )
    january = datetime(NOW.year + 1, 1, 1, tzinfo=UTC)
    arm_timers(tx, ((id_of(number), january) for number in range(ROWS)))
    columns = {name: bindparam(name) for name in ended(0)}
    tx.each(insert(invocations).values(columns), [ended(number) for number in range(ROWS)])


def id_of(number: int) -> str:
    return f"a1s{number:017d}"


def ended(number: int) -> dict[str, Value]:
    at = to_micros(NOW - timedelta(minutes=number + 1))
    instants = ("scheduled_at", "created_at", "started_at", "finished_at")
    return {
        "id": f"a1i{number:017d}",
        "parent": "folders/many",
        "origin": id_of(0),
        "state": "succeeded",
        "target": "function/hello",
        "action": ACTION,
        "payload": b"{}",
        "attempts": 1,
        "failures": 0,
        **dict.fromkeys(instants, at),
    }


def test_triggers(page: Page) -> None:
    page.goto("/#/triggers?folder=many")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(page.locator(".table-foot")).to_contain_text("50 triggers shown, there are more")
    expect(page.get_by_label("Folder").locator("option")).to_have_text("many (10,000+)")
    # What `expect` does not find at once it describes by the whole page, here fifty thousand nodes.
    more = page.locator(".table-foot button")
    for shown in range(50, MOST_SHOWN, 50):
        more.click()
        expect(rows).to_have_count(shown + 50)
    expect(more).to_have_count(0)
    expect(page.locator(".table-foot")).to_contain_text("Narrow the filter to see others.")
    # Each second all are looked at, and none is drawn anew: "in 33 d" stays that.
    assert page.evaluate(MOVES) == 0
    page.locator("button", has_text="Pause …").click()
    page.locator("dialog").wait_for()
    expect(page.locator("dialog")).to_contain_text("Pause 10,000+ triggers?")
    page.locator("dialog button", has_text="Leave it").click()
    # The last one of all.
    page.get_by_label("Search").fill("row-10000")
    expect(rows).to_have_count(1)


def test_invocations(page: Page) -> None:
    page.goto("/#/invocations?folder=many")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(page.locator(".table-foot")).to_contain_text("50 invocations shown, there are more")
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Deliver again …").click()
    expect(page.get_by_role("dialog")).to_contain_text("10,000+ invocations")
