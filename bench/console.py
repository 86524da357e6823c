"""How long the screens of the page take among many triggers and invocations: `make bench-console`.

What counts is the time in a real Chromium from the begin of a new visit, with nothing in its cache,
until the rows of a screen are painted. A busy machine makes it longer: what a visit takes of the
processors of server and Envoy, its requests and its bytes stand beside it, and don't change much.
It writes bench/results/console.json.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table
from sqlalchemy import bindparam, insert

from processor import cpu_seconds_of_family
from running import RESULTS, keep, node_with
from tocsin.compilers.triggers_v1 import CONTRACT, compile_trigger
from tocsin.plans.plan import action_to_json
from tocsin.store.driver.instants import to_micros
from tocsin.store.driver.opening import open_database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.schema import invocations
from tocsin.store.triggers.rows import insert_trigger
from tocsin.store.triggers.timers import arm_timers
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2

CHROMIUM = "/usr/bin/chromium"
FOLDER = "bench"
AT_ONCE = 2_000
BETWEEN = timedelta(milliseconds=80)
ONE_FAILED = 1_001
COLUMNS = (
    *("id", "parent", "origin", "state", "scheduled_at", "target", "attempts", "failures"),
    *("action", "payload", "created_at", "started_at", "finished_at", "last_error"),
)
INSERT = insert(invocations).values({name: bindparam(name) for name in COLUMNS})
# None ticks while this runs; all are in the forecast of the next 24 hours.
HOUR = (datetime.now(UTC) + timedelta(hours=12)).hour
RULE = trigger_pb2.Trigger.Rule(
    timer=trigger_pb2.Trigger.Timer(
        cron_expression=f"0 {HOUR} * * ? *",
        invoke_function=trigger_pb2.InvokeFunctionOnce(function_id="f"),
    )
)
[ACTION] = map(action_to_json, compile_trigger(trigger_pb2.Trigger(rule=RULE)).actions)
# Notes when there are rows, and when they were painted.
WATCHING = """
const watching = new MutationObserver(() => {
  if (!document.querySelector(ROWS)) return;
  watching.disconnect();
  requestAnimationFrame(() => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => (window.painted = performance.now());
    painted.port2.postMessage(null);
  });
});
watching.observe(document, { subtree: true, childList: true });
"""
PAINTED = "new Promise((done) => setInterval(() => window.painted && done(window.painted), 5))"
LOADED = """
performance.getEntriesByType("resource").filter((each) => !each.name.includes("/watch"))
  .map((each) => each.transferSize)
"""


@dataclass(frozen=True)
class Screen:
    """A screen, what its rows are, and for how long nobody has looked at it before a visit."""

    name: str
    place: str
    rows: str = "tbody tr"
    pause_seconds: float = 0


SCREENS = (
    Screen("overview", "", ".figure"),
    Screen("overview, not looked at for 11 s", "", ".figure", 11),
    Screen("triggers", "triggers"),
    Screen("triggers by name", "triggers?order=name"),
    Screen("triggers, searched", "triggers?text=timer-99"),
    Screen("invocations", "invocations"),
    Screen("invocations that failed", "invocations?state=FAILED"),
    Screen("dead letters", "dead-letters", ".empty"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triggers", type=int, default=10_000)
    parser.add_argument("--invocations", type=int, default=1_000_000)
    parser.add_argument("--visits", type=int, default=7, help="of each screen")
    parser.add_argument("--results", type=Path, default=RESULTS / "console.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch, "console.db")
        database.with_suffix(".toml").write_text("")
        asyncio.run(fill(database, options.triggers, options.invocations))
        with (
            node_with(database) as (server, addresses),
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
        ):
            used = partial(cpu_seconds_of_family, server.pid)
            rows = [
                timed(browser, addresses.http, screen, options.visits, used) for screen in SCREENS
            ]
    show(rows, options.triggers, options.invocations)
    counts = {"triggers": options.triggers, "invocations": options.invocations}
    keep(options.results, {**counts, "screens": rows})


def add_triggers(tx: Transaction, numbers: range) -> None:
    """Adds timers that tick at every minute of an hour."""
    day = datetime.now(UTC).replace(hour=HOUR, minute=0, second=0, microsecond=0)
    first = day if day > datetime.now(UTC) else day + timedelta(days=1)
    for number in numbers:
        trigger = trigger_pb2.Trigger(
            id=id_of(number),
            folder_id=FOLDER,
            name=f"timer-{number}",
            rule=RULE,
            status=trigger_pb2.Trigger.ACTIVE,
        )
        trigger.rule.timer.cron_expression = f"{number % 60} {HOUR} * * ? *"
        insert_trigger(
            tx,
            trigger_id=trigger.id,
            folder_id=FOLDER,
            name=trigger.name,
            contract=CONTRACT,
            message=trigger.SerializeToString(),
        )
    arm_timers(
        tx, [(id_of(number), first + number % 60 * timedelta(minutes=1)) for number in numbers]
    )


def id_of(number: int) -> str:
    return f"a1t{number:017d}"


async def fill(database: Path, triggers: int, count: int) -> None:
    """Writes triggers, and invocations of them that have ended, up to now."""
    opened = open_database(f"sqlite:///{database}")
    first = datetime.now(UTC) - BETWEEN * count
    try:
        for start in range(0, triggers, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, triggers))
            await opened.write(partial(add_triggers, numbers=numbers))
        for start in range(0, count, AT_ONCE):
            rows = [
                ended(id_of(number % triggers), first + BETWEEN * number, number)
                for number in range(start, min(start + AT_ONCE, count))
            ]
            await opened.write(lambda tx, rows=rows: tx.each(INSERT, rows))
    finally:
        await opened.close()


def ended(trigger_id: str, at: datetime, number: int) -> dict[str, object]:
    failed = number % ONE_FAILED == 0
    instant = to_micros(at)
    return {
        "id": f"a1s{number:017d}",
        "parent": f"folders/{FOLDER}",
        "origin": trigger_id,
        "state": "failed" if failed else "succeeded",
        "scheduled_at": instant,
        "target": "function/f",
        "attempts": 1,
        "failures": 1 if failed else 0,
        "action": ACTION,
        "payload": b"{}",
        "created_at": instant,
        "started_at": instant,
        "finished_at": instant + 5_000,
        "last_error": "answered 500: out of paper" if failed else None,
    }


def timed(
    browser: Browser, address: str, screen: Screen, visits: int, used: Callable[[], float]
) -> dict[str, object]:
    """Returns how long a new visitor waits for the rows, and what a visit takes meanwhile."""
    took, cpu, sizes = [], [], [0]
    for visit in range(visits + 1):
        time.sleep(screen.pause_seconds if visit else 0)
        with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
            context.add_init_script(f"const ROWS = {json.dumps(screen.rows)};{WATCHING}")
            page = context.new_page()
            separator = "&" if "?" in screen.place else "?"
            before = used()
            page.goto(f"http://{address}/#/{screen.place}{separator}folder={FOLDER}")
            page.locator(screen.rows).first.wait_for()
            took.append(page.evaluate(PAINTED))
            sizes = page.evaluate(LOADED)
            cpu.append(used() - before)
    took, cpu = took[1:], cpu[1:]  # the first one warms up
    return {
        "screen": screen.name,
        "p50_ms": round(statistics.median(took)),
        "least_ms": round(min(took)),
        "most_ms": round(max(took)),
        "cpu_ms": round(statistics.mean(cpu) * 1000),
        "requests": len(sizes) + 2,  # with the page itself and the stream
        "kb": round(sum(sizes) / 1000, 1),
    }


def show(rows: list[dict[str, object]], triggers: int, count: int) -> None:
    table = Table(title=f"screens among {triggers:,} triggers and {count:,} invocations")
    for column in ("screen", "p50 ms", "least ms", "most ms", "CPU ms", "requests", "kB"):
        table.add_column(column, justify="left" if column == "screen" else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
