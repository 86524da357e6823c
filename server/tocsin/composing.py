"""Builds the services and the engine around one store."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from tocsin.api import clock as clock_api
from tocsin.api import (
    dead_letters,
    endpoints,
    events,
    executions,
    firing,
    integrations,
    invocations,
    log_ingestion,
    operations,
    otlp_logs,
    triggers,
    webhooks,
)
from tocsin.api.ids import Ids, first_id_at
from tocsin.configured import (
    MACHINE,
    misfire_rules,
    queue_settings,
    reach_of,
    readers,
    real_clock,
    retention_rules,
    webhook_senders,
)
from tocsin.engine.batches import Batches
from tocsin.engine.calls import Calls
from tocsin.engine.capacity import Limits
from tocsin.engine.delivery import Deliveries
from tocsin.engine.engine import Engine
from tocsin.engine.housekeeping import Bells, housekeeping
from tocsin.engine.intake import Intake
from tocsin.engine.manual_time import ManualTime
from tocsin.engine.observer import Observer
from tocsin.engine.pulling import Pulling
from tocsin.engine.standings import Standings
from tocsin.engine.subscribing import Subscribing
from tocsin.engine.timers import Timers
from tocsin.grpc_server import Services
from tocsin.plans.triggers_v1 import load_plan
from tocsin.schedule import Clock, ManualClock
from tocsin.settings import Settings
from tocsin.sources.incoming import TakesEvents
from tocsin.sources.pulled import Reader
from tocsin.sources.timer import tick_payload
from tocsin.store.database import Database
from tocsin.targets.calling import TargetCaller
from tocsin.targets.dead_letters import DeadLetterQueues


def compose(
    settings: Settings,
    clock: Clock,
    database: Database,
    caller: TargetCaller,
    observer: Observer,
    chores: Sequence[Callable[[], Awaitable[None]]],
    node: str,
    whereabouts: endpoints.Whereabouts,
) -> tuple[Services, Engine, Intake]:
    """Builds the services, the engine and what takes events around one store.

    `chores` are what the engine is to do besides.
    """
    ids = Ids(clock)
    targets = settings.targets
    limits = Limits(targets.concurrency, targets.concurrency_per_target, targets.concurrencies)
    deliveries = Deliveries(
        database,
        clock,
        caller,
        DeadLetterQueues(queue_settings(settings.dead_letters), reach_of(settings)),
        node=node,
        limits=limits,
        recovery=MACHINE,
        observer=observer,
    )
    due = on_every_node(deliveries.due, database)

    def fired() -> None:
        due(clock.now())

    timers = timers_of(settings, clock, database, ids, fired, observer)
    batches, intake = events_of(settings, clock, database, ids, fired)

    def arm(at: datetime) -> None:
        timers.armed(at)
        batches.due(at)

    armed = on_every_node(arm, database)
    read = readers(settings, clock, database, node)
    pulling = pulling_of(database, clock, read, intake, observer)

    def changed() -> None:
        pulling.look()
        database.notify()

    def look() -> None:
        timers.armed()
        batches.due()
        deliveries.due()

    kept = housekeeping(
        database,
        clock,
        Bells(armed, due, look),
        node=node,
        pace=MACHINE,
        rules=retention_rules(settings.retention),
        interval_seconds=settings.reconciler.interval,
        load_plan=load_plan,
        first_id_at=first_id_at,
    )
    engine = Engine(
        database,
        clock,
        timers,
        deliveries,
        batches,
        Subscribing(database, MACHINE, load_plan),
        pulling,
        recovery=MACHINE,
        observer=observer,
        chores=(*kept.steps(), *chores),
    )
    database.listen(engine.look, MACHINE.sleep)
    trigger_service = triggers.TriggerService(
        database,
        clock,
        ids,
        armed=armed,
        changed=changed,
        most_in_folder=settings.limits.triggers_per_folder,
    )
    services: Services = {
        triggers.SERVICE: trigger_service.methods(),
        endpoints.SERVICE: endpoints.ApiEndpointService(whereabouts).methods(),
        **execution_services(settings, clock, database, ids, due),
        **steering_services(settings, clock, database, ids, limits, due),
        **doors(settings, clock, intake),
        events.SERVICE: events.EventService(
            database, clock, ids, intake, settings.cloud_id
        ).methods(),
        **clock_services(clock, engine),
    }
    return services, engine, intake


def timers_of(
    settings: Settings,
    clock: Clock,
    database: Database,
    ids: Ids,
    fired: Callable[[], None],
    observer: Observer,
) -> Timers:
    """Builds what makes ticks fire."""
    return Timers(
        database,
        clock,
        load_plan=load_plan,
        new_id=ids.new,
        fired=fired,
        cloud_id=settings.cloud_id,
        misfires=misfire_rules(settings.misfires),
        observer=observer,
    )


def execution_services(
    settings: Settings,
    clock: Clock,
    database: Database,
    ids: Ids,
    due: Callable[[datetime], None],
) -> Services:
    """Builds what schedules integrations, and what shows operations of either contract."""
    scheduling = integrations.ExecutionsService(
        database, clock, ids, settings.integrations, scheduled=due
    )
    return {
        operations.SERVICE: operations.OperationService(database).methods(),
        integrations.SERVICE: scheduling.methods(),
        executions.SERVICE: executions.OperationsService(database, clock, MACHINE).methods(),
    }


def clock_services(clock: Clock, engine: Engine) -> Services:
    """Lets people move a clock that is moved by hand; no other."""
    if not isinstance(clock, ManualClock):
        return {}
    return {clock_api.SERVICE: clock_api.ClockService(ManualTime(clock, engine)).methods()}


def events_of(
    settings: Settings, clock: Clock, database: Database, ids: Ids, fired: Callable[[], None]
) -> tuple[Batches, Intake]:
    """Builds what takes events, and what makes calls of those that wait."""
    calls = Calls(ids.new, settings.cloud_id)
    batches = Batches(
        database,
        clock,
        load_plan=load_plan,
        calls=calls,
        fired=fired,
        largest_payload=settings.targets.max_payload_bytes,
    )
    intake = Intake(
        database,
        clock,
        load_plan=load_plan,
        calls=calls,
        fired=fired,
        batched=batches.due,
        largest_payload=settings.targets.max_payload_bytes,
        remembered=timedelta(seconds=settings.sources.remember),
    )
    return batches, intake


def doors(settings: Settings, clock: Clock, intake: Intake) -> Services:
    """Builds what other software tells of its events, as it does it."""
    logs = settings.sources.logs
    senders = webhook_senders(settings)
    return {
        webhooks.SERVICE: webhooks.WebhookService(
            clock, intake, senders, machine=real_clock(clock)
        ).methods(),
        log_ingestion.SERVICE: log_ingestion.LogIngestionService(
            intake, logs.default_groups
        ).methods(),
        otlp_logs.SERVICE: otlp_logs.OtlpLogsService(clock, intake, logs.otlp_group).methods(),
    }


def pulling_of(
    database: Database,
    clock: Clock,
    readers: Sequence[Reader],
    intake: TakesEvents,
    observer: Observer,
) -> Pulling:
    """Builds what keeps the sources read that are asked for their events."""
    standings = Standings(database, clock, observer, pace=MACHINE)
    return Pulling(database, readers, intake, standings, load_plan=load_plan, pace=MACHINE)


def steering_services(
    settings: Settings,
    clock: Clock,
    database: Database,
    ids: Ids,
    limits: Limits,
    due: Callable[[datetime], None],
) -> Services:
    """Builds what shows people what happens, and lets them step in."""
    firing_service = firing.FiringService(
        database,
        clock,
        ids,
        due=due,
        tick_payload=partial(tick_payload, cloud_id=settings.cloud_id),
        limit_of=limits.of,
    )
    return {
        invocations.SERVICE: invocations.InvocationService(database, clock, due).methods(),
        firing.SERVICE: firing_service.methods(),
        dead_letters.SERVICE: dead_letters.DeadLetterService(database, clock, due).methods(),
    }


def on_every_node(
    tell: Callable[[datetime], None], database: Database
) -> Callable[[datetime], None]:
    """Makes what tells this node's loop of something due tell the other nodes too."""

    def tell_all(at: datetime) -> None:
        tell(at)
        database.notify()

    return tell_all
