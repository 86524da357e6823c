"""Builds the services that gRPC serves, around one store and the engine."""

import socket
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

from tocsin.access.shared_secret import SharedSecret
from tocsin.api.google import operations as google_operations
from tocsin.api.google.executions import scheduling as scheduling_api
from tocsin.api.google.executions import service as executions
from tocsin.api.google.executions import service_v2 as executions_v2
from tocsin.api.google.executions.endings import ExecutionEndings
from tocsin.api.google.executions.executing import ExecutingService
from tocsin.api.google.executions.replaying import ReplayingService
from tocsin.api.google.integrations import service as integrations
from tocsin.api.google.integrations import versions
from tocsin.api.google.integrations.history import PublishingHistory
from tocsin.api.google.integrations.publishing import PublishingService
from tocsin.api.google.integrations.testing import TestingService
from tocsin.api.otlp import http as otlp_http
from tocsin.api.otlp import logs as otlp_logs
from tocsin.api.tocsin import clock as clock_api
from tocsin.api.tocsin import console, dead_letters, documents, jobs, open_api, webhooks
from tocsin.api.tocsin import settings as settings_api
from tocsin.api.tocsin.events import service as events
from tocsin.api.tocsin.events.intakes import Intakes
from tocsin.api.tocsin.firing import service as firing
from tocsin.api.tocsin.folders import service as folders
from tocsin.api.tocsin.invocations import service as invocations
from tocsin.api.tocsin.invocations.resending import Resending
from tocsin.api.tocsin.invocations.selections import Selections
from tocsin.api.tocsin.overview import service as overview
from tocsin.api.tocsin.schedules import batching
from tocsin.api.tocsin.schedules.explanations import ExplainingService
from tocsin.api.tocsin.schedules.history import ScheduleHistory
from tocsin.api.tocsin.schedules.running import ScheduleRuns
from tocsin.api.tocsin.schedules.service import ScheduleService
from tocsin.api.tocsin.watching import service as watching
from tocsin.api.tocsin.watching.lookout import Lookout
from tocsin.api.tocsin.watching.reading import RowReading
from tocsin.api.yandex import endpoints, log_ingestion, operations
from tocsin.api.yandex.triggers import service as triggers
from tocsin.composition.clocks import MACHINE_CLOCK, shared_clock_of
from tocsin.composition.composing import Works
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import Services
from tocsin.console.assets import read_page
from tocsin.console.settings import ConsoleSettings
from tocsin.engine.events.intake import Intake
from tocsin.engine.loops import Engine
from tocsin.engine.manual_time import ManualTime
from tocsin.schedule import Clock, ManualClock
from tocsin.settings import Changes, Reloading, SettingsError
from tocsin.sources.kinds.timer import tick_payload
from tocsin.sources.settings import LogSettings, SourceSettings


def services_of(
    stack: AsyncExitStack,
    ground: Ground,
    works: Works,
    whereabouts: endpoints.Whereabouts,
    reloading: Reloading | None,
) -> Services:
    """Builds all services except those of access control."""
    settings, clock, database = ground.settings, ground.clock, ground.database
    trigger_service = triggers.TriggerService(
        database,
        clock,
        works.ids,
        ground.pages,
        most_in_folder=settings.limits.triggers_per_folder,
        sole_queue=settings.sources.message_queue.sole_queue,
    )
    endings = ExecutionEndings(database, MACHINE_CLOCK)
    replaying = ReplayingService(database, clock, works.ids, works.catalog.offers, endings)
    event_service = events.EventService(
        database,
        clock,
        works.ids,
        ground.pages,
        works.intake,
        settings.cloud_id,
        settings.dead_letters,
        sole_queue=settings.sources.message_queue.sole_queue,
    )
    return {
        triggers.SERVICE: trigger_service.methods(),
        triggers.SETUP_SERVICE: trigger_service.methods_of_setup(),
        folders.SERVICE: folders.FolderService(
            database, ground.pages, trigger_service.changes()
        ).methods(),
        endpoints.SERVICE: endpoints.ApiEndpointService(whereabouts).methods(),
        **_execution_services(ground, works, endings, replaying),
        **_steering_services(ground, works, replaying),
        **_door_services(settings.sources, clock, works.intake, proven=settings.access.enabled),
        events.SERVICE: event_service.methods(),
        documents.SERVICE: documents.DocumentService(guarded=settings.access.enabled).methods(),
        **_watch_services(stack, ground, event_service.intakes),
        **_clock_services(clock, works.engine),
        settings_api.SERVICE: _settings_service(ground, reloading).methods(),
        **_console_services(settings.console),
    }


def description_of(services: Services, *, guarded: bool) -> Services:
    """Builds the service that describes these services and itself."""
    served = (*services, open_api.SERVICE)
    describe = partial(open_api.describing, served, version("tocsin"), guarded=guarded)
    return {open_api.SERVICE: open_api.OpenApiService(describe).methods()}


def _execution_services(
    ground: Ground, works: Works, endings: ExecutionEndings, replaying: ReplayingService
) -> Services:
    """Builds the services that schedule integrations, and those of operations."""
    clock, database = ground.clock, ground.database
    catalog = works.catalog
    request_ids_age = timedelta(seconds=ground.settings.retention.request_ids_age)
    scheduling = scheduling_api.SchedulingService(
        database, clock, works.ids, catalog.offers, request_ids_age
    )
    executing = ExecutingService(
        database, clock, works.ids, catalog.offers, endings, request_ids_age
    )
    batches = batching.BatchingService(database, clock, works.ids, catalog.offers, request_ids_age)
    testing = TestingService(database, clock, works.ids, ground.current, endings)
    showing = executions.ShowingService(database, clock, ground.pages)
    listing = executions_v2.ListingService(database, ground.pages)
    google_service = google_operations.OperationsService(database, clock, ground.pages, endings)
    return {
        operations.SERVICE: operations.OperationService(database).methods(),
        scheduling_api.SERVICE: {
            **scheduling.methods(),
            **executing.methods(),
            **testing.methods(),
            **replaying.methods(),
            **showing.methods(),
        },
        executions_v2.SERVICE: {
            **scheduling.methods_of_v2(),
            **executing.methods_of_v2(),
            **listing.methods(),
        },
        batching.SERVICE: {
            **batches.methods(),
            **ScheduleService(
                database,
                clock,
                ground.pages,
                ScheduleRuns(catalog, works.ids),
                ScheduleHistory(works.ids),
            ).methods(),
            **ExplainingService(database, clock, ground.current.concurrency_of).methods(),
        },
        google_operations.SERVICE: google_service.methods(),
        **_integration_services(ground, works),
    }


def _integration_services(ground: Ground, works: Works) -> Services:
    """Builds the services that register integrations."""
    clock, database, current = ground.clock, ground.database, ground.current
    catalog, history = works.catalog, PublishingHistory(works.ids)
    writing = versions.VersionService(database, clock, ground.pages, current, catalog)
    publishing = PublishingService(database, clock, current, catalog, history)
    listing = integrations.IntegrationService(database, ground.pages, catalog)
    return {
        versions.SERVICE: {**writing.methods(), **publishing.methods()},
        integrations.SERVICE: listing.methods(),
    }


def _steering_services(ground: Ground, works: Works, replaying: ReplayingService) -> Services:
    """Builds the services that show and steer invocations."""
    clock, database, pages = ground.clock, ground.database, ground.pages
    firing_service = firing.FiringService(
        database,
        clock,
        works.ids,
        pages,
        tick_payload=partial(tick_payload, cloud_id=ground.settings.cloud_id),
        limit_of=ground.current.concurrency_of,
    )
    selections = Selections(database, clock, works.ids)
    invocation_service = invocations.InvocationService(
        database,
        clock,
        pages,
        selections,
        Resending(database, clock, works.ids, replaying.begin),
        ground.settings.console.trace_url,
    )
    return {
        overview.SERVICE: overview.OverviewService(
            database,
            clock,
            shared_clock_of(clock),
            MACHINE_CLOCK,
            keeps=not isinstance(clock, ManualClock),
        ).methods(),
        invocations.SERVICE: invocation_service.methods(),
        firing.SERVICE: firing_service.methods(),
        dead_letters.SERVICE: dead_letters.DeadLetterService(
            database, clock, pages, selections
        ).methods(),
        jobs.SERVICE: jobs.JobService(database, clock, pages).methods(),
    }


def _watch_services(stack: AsyncExitStack, ground: Ground, intakes: Intakes) -> Services:
    """Builds the service that streams what changes."""
    reading = RowReading(intakes.find)
    lookout = Lookout(ground.database, ground.clock, MACHINE_CLOCK, reading)
    stack.push_async_callback(lookout.close)
    service = watching.WatchService(lookout, ground.clock, MACHINE_CLOCK, ground.pages)
    return {watching.SERVICE: service.methods()}


def _door_services(
    sources: SourceSettings, clock: Clock, intake: Intake, *, proven: bool
) -> Services:
    """Builds the services to which other software sends events.

    If `proven`, senders of webhooks must prove themselves.
    """
    logs = sources.logs
    folders_of = partial(logs.folders_of_group, guarded=proven)
    records = otlp_logs.LogRecords(clock, intake, logs.otlp_group, folders_of)
    hooks = webhooks.WebhookService(
        clock,
        intake,
        sources.webhooks,
        proven=proven,
        shared_clock=shared_clock_of(clock),
    )
    return {
        webhooks.SERVICE: hooks.methods(),
        log_ingestion.SERVICE: log_ingestion.LogIngestionService(
            intake, logs.default_groups, folders_of
        ).methods(),
        otlp_logs.SERVICE: otlp_logs.OtlpLogsService(records).methods(),
        otlp_http.SERVICE: otlp_http.OtlpService(
            records, _otlp_senders(logs), proven=proven
        ).methods(),
    }


def _otlp_senders(settings: LogSettings) -> dict[str, otlp_http.Sender]:
    return {
        name: otlp_http.Sender(SharedSecret(sender.secret.get_secret_value()), sender.log_group)
        for name, sender in settings.otlp_senders.items()
    }


def _settings_service(ground: Ground, reloading: Reloading | None) -> settings_api.SettingsService:
    """Builds the service that reads the settings of this node again."""
    reloadable = None
    if reloading is not None and reloading.file is not None:
        reloadable = settings_api.Reloadable(
            str(Path.cwd() / reloading.file), partial(_reload, reloading)
        )
    return settings_api.SettingsService(ground.node, socket.gethostname(), reloadable)


def _reload(reloading: Reloading) -> Changes:
    try:
        return reloading.reload()
    except SettingsError as error:
        raise settings_api.SettingsRefused(str(error)) from error


def _console_services(settings: ConsoleSettings) -> Services:
    """Builds the service of the page, if it is served."""
    if not settings.enabled:
        return {}
    return {console.SERVICE: console.ConsoleService(read_page()).methods()}


def _clock_services(clock: Clock, engine: Engine) -> Services:
    """Builds the service that moves the clock, if the clock is manual."""
    if not isinstance(clock, ManualClock):
        return {}
    return {clock_api.SERVICE: clock_api.ClockService(ManualTime(clock, engine)).methods()}
