"""Downtime, and wall clocks that are set: what fires then, on a real database and a real server."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from stand.apis.triggers import RestApi, TriggerApi, changed, create
from stand.apis.wire import Json, Refused
from stand.engine_node import NOON, Node, at, in_loop, node, until
from stand.recording_target import RecordingTarget
from stand.tocsin_process import run_tocsin, serving
from tocsin.engine.settings import MisfireSettings
from tocsin.plans.plan import MisfirePolicy

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


# Through the engine


@pytest.mark.parametrize("own", [*MisfirePolicy, None])
@in_loop
async def test_a_triggers_own_policy_goes_before_the_servers(
    directory: Path, own: MisfirePolicy | None
) -> None:
    async with node(directory, NOON, misfires=MisfireSettings(policy=MisfirePolicy.SKIP)) as it:
        await it.create("* * * * ? *", labels={"tocsin/misfire": own.value} if own else {})
        await it.clock.advance_to(at("2026-03-01 12:03:40"))
        await it.fire_due()
        each = [at(f"2026-03-01 12:0{minute}") for minute in (1, 2, 3)]
        fired = {MisfirePolicy.FIRE_ONCE: each[:1], MisfirePolicy.FIRE_ALL: each}
        assert await it.ticks() == (fired.get(own, []) if own else [])
        assert await it.next_tick() == at("2026-03-01 12:04")


@in_loop
async def test_the_nominal_instant_and_the_actual_one_are_kept_apart(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.create("* * * * ? *")
        await it.clock.advance_to(at("2026-03-01 13:00:40"))
        await it.fire_due()
        [invocation] = await it.fired()
        assert invocation.scheduled_at == at("2026-03-01 12:01")
        assert invocation.created_at == at("2026-03-01 13:00:40")
        told = await it.told(invocation)
        assert told["event_metadata"]["created_at"] == "2026-03-01T12:01:00Z"


@in_loop
async def test_each_decision_is_logged_with_its_counts(directory: Path) -> None:
    rules = MisfireSettings(window=1800, cap=10)
    async with node(directory, NOON, misfires=rules) as it:
        trigger = await it.create("* * * * ? *", labels={"tocsin/misfire": "fire_all"})
        await it.clock.advance_to(at("2026-03-01 13:00:40"))
        with capture_logs() as logs:
            await it.fire_due()
    [line] = [each for each in logs if "missed" in each]
    assert line == {
        "event": "missed ticks, fired each of them",
        "log_level": "warning",
        "trigger_id": trigger,
        "policy": "fire_all",
        "missed": 60,
        "first_missed": "2026-03-01T12:01:00+00:00",
        "last_missed": "2026-03-01T13:00:00+00:00",
        "fired": 10,
        "expired": 30,
        "dropped": 20,
        "now": "2026-03-01T13:00:40+00:00",
    }


@in_loop
async def test_many_that_make_up_for_all_do_so_in_several_transactions(directory: Path) -> None:
    rules = MisfireSettings(policy=MisfirePolicy.FIRE_ALL, cap=1000)
    async with node(directory, NOON, misfires=rules) as it:
        for _ in range(3):
            await it.create("* * * * ? *")
        await it.clock.advance_to(at("2026-03-02 12:00:40"))
        await it.timers.run_once()
        assert len(await it.fired()) == 2000
        await it.fire_due()
        assert len(await it.fired()) == 3000


# A wall clock that is set, while the engine runs


@in_loop
async def test_a_wall_clock_set_forward_is_noticed_within_seconds_and_fires_once(
    directory: Path,
) -> None:
    async with node(directory, NOON) as it:
        await it.engine.start()
        await it.create("* * * * ? *")
        await it.clock.advance(timedelta(seconds=1))
        it.clock.set_wall(NOON + HOUR)
        await it.clock.advance(timedelta(seconds=10))
        await until(lambda: len(it.caller.calls) == 1)
        await it.clock.advance_to(at("2026-03-01 13:02:00"))
        await until(lambda: len(it.caller.calls) == 3)
        await it.engine.stop(grace_seconds=5)
        each = [at("2026-03-01 12:01"), at("2026-03-01 13:01"), at("2026-03-01 13:02")]
        assert await it.ticks() == each


@in_loop
async def test_a_wall_clock_set_back_fires_no_tick_again(directory: Path) -> None:
    async with node(directory, NOON) as it:
        await it.create("* * * * ? *")
        await it.run_until(NOON + HOUR)
        before = await it.ticks()
        it.clock.set_wall(NOON)
        await it.run_until(NOON + HOUR)
        assert await it.ticks() == before
        await it.run_until(NOON + HOUR + MINUTE)
        assert await it.ticks() == [*before, at("2026-03-01 13:01")]


@in_loop
async def test_what_is_resumed_after_the_wall_was_set_back_fires_no_tick_again(
    directory: Path,
) -> None:
    async with node(directory, NOON) as it:
        trigger = await it.create("* * * * ? *")
        await it.run_until(NOON + 5 * MINUTE)
        it.clock.set_wall(NOON)
        await it.change("Pause", trigger)
        await it.change("Resume", trigger)
        await it.clock.advance(HOUR)
        await it.fire_due()
        # One call stands for what was missed, and its first tick fired before the wall was set.
        assert await it.ticks() == [
            *(at(f"2026-03-01 12:0{minute}") for minute in range(1, 6)),
            at("2026-03-01 13:00"),
        ]


Step = tuple[str, timedelta]

# The property: any timetable, any jumps and downtimes. The model goes minute by minute.

TIMETABLES: dict[str, Callable[[datetime], bool]] = {
    "* * * * ? *": lambda _: True,
    "*/7 * * * ? *": lambda each: each.minute % 7 == 0,
    "15 */2 * * ? *": lambda each: each.minute == 15 and each.hour % 2 == 0,
    "0 9 ? * 2-6 *": lambda each: each.minute == 0 and each.hour == 9 and each.weekday() < 5,
}


@dataclass
class Model:
    """What must have fired of one timer, worked out without cron and without a store."""

    is_tick: Callable[[datetime], bool]
    policy: MisfirePolicy
    rules: MisfireSettings
    now: datetime
    handled: datetime = field(init=False)
    fired: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.handled = self.now

    def run(self, by: timedelta) -> None:
        """Every tick on the way fires at its instant."""
        self.now += by
        self.fired += self._due()

    def found_late(self, now: datetime) -> None:
        """The clock shows another time, after a downtime or because it was set."""
        self.now = now
        due = self._due()
        tolerance = timedelta(seconds=self.rules.tolerance)
        late = [each for each in due if now - each > tolerance]
        window = None if self.rules.window is None else timedelta(seconds=self.rules.window)
        live = [each for each in late if window is None or now - each <= window]
        on_time = due[len(late) :]
        if not live or self.policy is MisfirePolicy.SKIP:
            self.fired += on_time
        elif self.policy is MisfirePolicy.FIRE_ONCE:
            self.fired.append(live[0])
        else:
            self.fired += live[-self.rules.cap :] + on_time

    def _due(self) -> list[datetime]:
        """Ticks that no clock has shown before. Time that is shown twice has none."""
        due = []
        minute = self.handled.replace(second=0, microsecond=0) + MINUTE
        while minute <= self.now:
            self.handled = minute
            if self.is_tick(minute):
                due.append(minute)
            minute += MINUTE
        return due


def step(what: str, least: timedelta, most: timedelta) -> st.SearchStrategy[Step]:
    whole = st.integers(least // timedelta(seconds=1), most // timedelta(seconds=1))
    return whole.map(lambda seconds: (what, timedelta(seconds=seconds)))


# A downtime can be shorter than nothing: the clock was set back meanwhile.
STEPS = st.lists(
    step("run", timedelta(), HOUR)
    | step("jump", -2 * HOUR, 2 * HOUR)
    | step("down", -2 * HOUR, 30 * HOUR),
    min_size=1,
    max_size=8,
)


@settings(derandomize=True, deadline=None, max_examples=80, database=None)
@given(
    st.sampled_from(sorted(TIMETABLES)),
    st.sampled_from(MisfirePolicy),
    st.sampled_from([MisfireSettings(), MisfireSettings(window=7200, cap=5)]),
    STEPS,
)
def test_whatever_happens_to_the_clock_what_fires_is_what_the_rules_say(
    text: str, policy: MisfirePolicy, rules: MisfireSettings, steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory() as made:
        model = Model(TIMETABLES[text], policy, rules, NOON)
        fired = asyncio.run(story(Path(made), text, model, steps))
    assert fired == sorted(model.fired)
    assert len(set(fired)) == len(fired)


async def story(directory: Path, cron: str, model: Model, steps: list[Step]) -> list[datetime]:
    """Carries the steps out, on the model too; returns the ticks that fired."""
    labels = {"tocsin/misfire": model.policy.value}
    rest = iter(steps)
    found: list[datetime] = []
    created, goes_on = False, True
    while goes_on:
        async with node(directory, model.now, misfires=model.rules) as it:
            if not created:
                await it.create(cron, labels=labels)
                created = True
            await it.fire_due()
            goes_on = await live(it, model, rest)
            found = await it.ticks()
    return found


async def live(it: Node, model: Model, rest: Iterator[Step]) -> bool:
    """One start of the program; returns whether a downtime ended it."""
    for what, by in rest:
        if what == "down":
            model.found_late(model.now + by)
            return True
        if what == "jump":
            it.clock.set_wall(model.now + by)
            model.found_late(model.now + by)
            await it.fire_due()
        else:
            model.run(by)
            await it.run_until(model.now)
    return False


# Through the front door


@pytest.mark.parametrize("value", ["never", "", "fire-once"])
def test_a_label_that_says_no_policy_is_refused(api: TriggerApi, folder: str, value: str) -> None:
    labels = {"tocsin/misfire": value}
    with pytest.raises(Refused) as created:
        create(api, folder, labels=labels)
    trigger = create(api, folder, labels={"tocsin/misfire": "skip"})
    with pytest.raises(Refused) as updated:
        changed(
            api, "Update", {"triggerId": trigger["id"], "updateMask": "labels", "labels": labels}
        )
    for refused in (created.value, updated.value):
        assert refused.code == "INVALID_ARGUMENT"
        assert list(refused.fields) == ["labels[tocsin/misfire]"]
        assert "fire_once, skip, fire_all" in refused.fields["labels[tocsin/misfire]"]
    assert api.call("Get", {"triggerId": trigger["id"]})["labels"] == {"tocsin/misfire": "skip"}


def test_after_a_downtime_each_trigger_does_as_it_says(
    directory: Path, target: RecordingTarget, folder: str
) -> None:
    config = f"""
        [targets]
        function = "{target.url}/{folder}/{{function_id}}"
        [misfires]
        window = 5400
        cap = 3
    """
    manual = ("--clock", "manual", "--log-format", "json")
    with serving(directory, config, *manual, "--clock-start", "2026-03-01T12:00:30Z") as tocsin:
        api = RestApi(tocsin.http_address)
        for policy in ("fire_once", "skip", "fire_all"):
            create(api, folder, labels={"tocsin/misfire": policy}, rule=every_10_minutes(policy))
        assert tocsin.stop() == 0
    with serving(directory, config, *manual, "--clock-start", "2026-03-01T14:05:00Z") as tocsin:
        send_clock(tocsin.http_address, "advance", {"duration": "300s"})
        decisions = [json.loads(line) for line in tocsin.log.read_text().splitlines()]

    def scheduled(policy: str) -> list[str]:
        path = f"/{folder}/{policy}"
        calls = target.all(lambda request: request.path == path)
        return sorted(each.headers["x-scheduled-at"][11:16] for each in calls)

    # The window goes back to 12:35.
    assert scheduled("fire_once") == ["12:40", "14:10"]
    assert scheduled("skip") == ["14:10"]
    assert scheduled("fire_all") == ["13:40", "13:50", "14:00", "14:10"]
    told = {each["policy"]: each for each in decisions if "first_missed" in each}
    counts = {
        policy: tuple(each[name] for name in ("missed", "fired", "expired", "dropped"))
        for policy, each in told.items()
    }
    assert counts == {"fire_once": (12, 1, 3, 0), "skip": (12, 0, 3, 0), "fire_all": (12, 3, 3, 6)}


def every_10_minutes(function: str) -> Json:
    return {
        "timer": {"cronExpression": "*/10 * * * ? *", "invokeFunction": {"functionId": function}}
    }


def send_clock(address: str, verb: str, request: Json) -> None:
    body = json.dumps(request).encode()
    reply = RestApi(address).send("POST", f"/tocsin/v1/clock:{verb}", body)
    assert reply.status == 200, reply.json


@pytest.mark.parametrize(
    ("variable", "value"),
    [("POLICY", "never"), ("WINDOW", "0"), ("CAP", "0"), ("CAP", "1001"), ("TOLERANCE", "-1")],
)
def test_settings_that_make_no_sense_are_refused(variable: str, value: str) -> None:
    ended = run_tocsin("config", "check", environment={f"TOCSIN_MISFIRES__{variable}": value})
    assert ended.status == 1
    assert f"misfires.{variable.lower()}" in ended.stderr
