"""Builds the engine around one store."""

import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from tocsin.api.google.integrations.catalog import Catalog
from tocsin.api.tocsin.schedules.running import ScheduleRuns
from tocsin.composition.clocks import MACHINE_CLOCK, chance_of, shared_clock_of
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import StartError
from tocsin.composition.reading import readers
from tocsin.engine.delivering.deliveries import Deliveries
from tocsin.engine.delivering.jobs import Jobs
from tocsin.engine.delivering.parking import Parking
from tocsin.engine.delivering.shortage import Shortage
from tocsin.engine.events.batches import Batches
from tocsin.engine.events.intake import Intake
from tocsin.engine.events.invoking import Calls
from tocsin.engine.events.subscribing import Subscribing
from tocsin.engine.loops import Engine
from tocsin.engine.notices.noticing import Notices
from tocsin.engine.notices.watching import NoticeWatch
from tocsin.engine.observer import Observer
from tocsin.engine.reading.pulling import Pulling
from tocsin.engine.reading.standings import Standings
from tocsin.engine.store_clock import StoreClock
from tocsin.engine.ticks.recurring import Recurring
from tocsin.engine.ticks.schedules import Schedules
from tocsin.engine.ticks.timers import Timers
from tocsin.engine.upkeep.duty import Duty
from tocsin.engine.upkeep.housekeeping import Housekeeping, Loop, housekeeping
from tocsin.engine.upkeep.leases import Leases
from tocsin.engine.upkeep.presence import Presence
from tocsin.engine.upkeep.step_faults import StepFaults
from tocsin.outgoing.dialling import Dialling
from tocsin.outgoing.tokens import AccountTokens
from tocsin.schedule import Clock
from tocsin.settings import Settings
from tocsin.sources.incoming import TakesEvents
from tocsin.sources.reader import Reader
from tocsin.store.driver.database import Database
from tocsin.targets.addresses import Addresses
from tocsin.targets.calling import Mails, TargetCaller
from tocsin.targets.dead_letters import DeadLetterQueues
from tocsin.telemetry.several import Several
from tocsin.wire.ids import Ids, first_id_at


@dataclass(frozen=True, slots=True)
class Works:
    """Holds the engine, and the parts that services share with it."""

    engine: Engine
    intake: Intake
    ids: Ids
    catalog: Catalog
    presence: Presence
    shortage: Shortage
    faults: StepFaults


def compose(
    ground: Ground, caller: TargetCaller, chores: Sequence[Callable[[], Awaitable[None]]]
) -> Works:
    """Builds the engine without starting it; it runs `chores` too."""
    settings, clock, database = ground.settings, ground.clock, ground.database
    observer = ground.telemetry.observer
    ids = Ids(clock)
    timers = _timers(ground, ids)
    shortage = Shortage(MACHINE_CLOCK)
    presence = _presence(ground)
    notices = _notices(ground, ids)
    deliveries = _deliveries(ground, caller, shortage, presence, notices)
    batches, intake = events_of(settings, clock, database, ids)
    read = readers(settings.sources, settings.targets.reach, clock, database, ground.node)
    pulling = pulling_of(database, clock, read, intake, observer)
    faults = StepFaults()
    catalog = Catalog(database, ground.current, MACHINE_CLOCK)
    kept = _housekeeping(ground, (timers, batches, deliveries))
    engine = Engine(
        database,
        clock,
        timers,
        deliveries,
        Parking(database, clock),
        batches,
        Subscribing(database, MACHINE_CLOCK),
        pulling,
        _recurring(ground, catalog, ids, notices),
        Jobs(database, clock),
        machine_clock=MACHINE_CLOCK,
        observer=observer,
        chores=(presence.run_once, *chores),
        upkeep=(*kept.steps(), *_watching(ground, notices)),
        faults=faults,
        hold=ground.hold,
        leases=Leases(database, node=ground.node),
    )
    database.listen(engine.look_at_all, MACHINE_CLOCK.sleep)
    return Works(engine, intake, ids, catalog, presence, shortage, faults)


def open_caller(stack: AsyncExitStack, ground: Ground, tokens: AccountTokens) -> TargetCaller:
    """Builds the caller of targets; under access control its calls carry tokens."""
    settings, current = ground.settings, ground.current
    caller = TargetCaller(
        Addresses(settings.targets, settings.integrations, settings.notify.receivers),
        timeout_seconds=settings.targets.timeout,
        user_agent=f"tocsin/{version('tocsin')}",
        largest_payload=settings.targets.max_payload_bytes,
        reach=settings.targets.reach,
        tokens=tokens if settings.access.enabled else None,
        mails=_mails(stack, settings),
        machine_clock=MACHINE_CLOCK,
    )
    stack.push_async_callback(caller.close)
    current.on_change(
        lambda: caller.use(
            Addresses(current.targets, current.integrations, settings.notify.receivers),
            timeout_seconds=current.targets.timeout,
        )
    )
    return caller


def _mails(stack: AsyncExitStack, settings: Settings) -> Mails | None:
    """Builds what sends notices by mail; None if nobody is told so.

    Raises:
        StartError: the password or the authorities can't be read.
    """
    server, recipients = settings.notify.mail, settings.notify.recipients
    if server is None or not recipients:
        return None
    # Few servers send mail, and the others start faster.
    from tocsin.targets.mailing import SmtpMails

    try:
        mails = SmtpMails(
            server,
            recipients,
            Dialling(settings.targets.reach),
            machine_clock=MACHINE_CLOCK,
        )
    except ValueError as error:
        raise StartError(str(error)) from error
    stack.push_async_callback(mails.close)
    return mails


def _presence(ground: Ground) -> Presence:
    clock = ground.clock
    return Presence(
        ground.database,
        shared_clock_of(clock),
        MACHINE_CLOCK,
        node=ground.node,
        host=socket.gethostname(),
        version=version("tocsin"),
        skew=lambda: clock.skew if isinstance(clock, StoreClock) else None,
    )


def _deliveries(
    ground: Ground,
    caller: TargetCaller,
    shortage: Shortage,
    presence: Presence,
    notices: Notices | None,
) -> Deliveries:
    settings = ground.settings
    limits = settings.targets.model_copy(update={"concurrency": ground.shares.deliveries})
    deliveries = Deliveries(
        ground.database,
        ground.clock,
        caller,
        DeadLetterQueues(settings.dead_letters, settings.targets.reach),
        node=ground.node,
        limits=limits,
        chance=chance_of(ground.clock),
        machine_clock=MACHINE_CLOCK,
        observer=Several((ground.telemetry.observer, presence)),
        shortage=shortage,
        letters_per_queue=settings.dead_letters.concurrency,
        tell=None if notices is None else notices.failed,
    )
    current = ground.current
    current.on_change(lambda: deliveries.limit_targets(current.targets))
    return deliveries


def _notices(ground: Ground, ids: Ids) -> Notices | None:
    """Builds what tells people of triggers; None if the settings name no receiver."""
    settings = ground.settings.notify
    return Notices(settings, new_id=ids.new) if settings.receivers else None


def _watching(ground: Ground, notices: Notices | None) -> tuple[Callable[[], Awaitable[None]], ...]:
    """Builds the step that looks for silence and recovery, if anybody is told of them."""
    if notices is None:
        return ()
    database, clock = ground.database, ground.clock
    duty = Duty("notices", database, clock, node=ground.node)
    return (NoticeWatch(database, clock, notices, duty, machine_clock=MACHINE_CLOCK).run_once,)


def _timers(ground: Ground, ids: Ids) -> Timers:
    """Builds the loop of timers."""
    return Timers(
        ground.database,
        ground.clock,
        new_id=ids.new,
        cloud_id=ground.settings.cloud_id,
        misfires=ground.settings.misfires,
        schedules=Schedules(ids.new, ids.new_uuid, ground.settings.misfires),
        observer=ground.telemetry.observer,
    )


def _recurring(ground: Ground, catalog: Catalog, ids: Ids, notices: Notices | None) -> Recurring:
    """Builds the loop of schedules."""
    return Recurring(
        ground.database,
        ground.clock,
        ScheduleRuns(catalog, ids),
        new_id=ids.new,
        tolerance=timedelta(seconds=ground.settings.misfires.tolerance),
        observer=ground.telemetry.observer,
        tell=None if notices is None else notices.not_run,
    )


def events_of(
    settings: Settings, clock: Clock, database: Database, ids: Ids
) -> tuple[Batches, Intake]:
    """Builds the intake of events, and the loop that turns waiting batches into invocations."""
    calls = Calls(ids.new, settings.cloud_id)
    batches = Batches(
        database,
        clock,
        calls=calls,
        largest_payload=settings.targets.max_payload_bytes,
    )
    intake = Intake(
        database,
        clock,
        calls=calls,
        largest_payload=settings.targets.max_payload_bytes,
        remembered=timedelta(seconds=settings.sources.remember),
    )
    return batches, intake


def pulling_of(
    database: Database,
    clock: Clock,
    readers: Sequence[Reader],
    intake: TakesEvents,
    observer: Observer,
) -> Pulling:
    """Builds the loop that keeps pulled sources read."""
    standings = Standings(database, clock, observer, machine_clock=MACHINE_CLOCK)
    return Pulling(database, readers, intake, standings, machine_clock=MACHINE_CLOCK)


def _housekeeping(ground: Ground, loops: Sequence[Loop]) -> Housekeeping:
    return housekeeping(
        ground.database,
        ground.clock,
        node=ground.node,
        loops=loops,
        machine_clock=MACHINE_CLOCK,
        retention=ground.settings.retention,
        reconciling=ground.settings.reconciler,
        first_id_at=first_id_at,
        observer=ground.telemetry.observer,
    )
