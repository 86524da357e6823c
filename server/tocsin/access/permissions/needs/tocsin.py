"""Lists what callers of Tocsin's own methods need."""

from typing import Any

from tocsin.access.permissions.needs.need import (
    Also,
    Audience,
    Brings,
    Kind,
    Made,
    Named,
    Need,
    Unnamed,
    google,
    permitted,
    service,
)
from tocsin.access.permissions.roles import Permission
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchRequest

P = Permission

PUBLIC = Need(Audience.PUBLIC)
TRIGGER = (Named("trigger_id", Kind.TRIGGER, "triggers"),)
INVOCATION = (Named("invocation_id", Kind.INVOCATION, "invocations"),)
IN_FOLDER = Named("folder_id", Kind.FOLDER, "folders")
TRIGGERS_OF_FOLDER = (
    IN_FOLDER,
    Named("trigger_ids", Kind.TRIGGER, "triggers"),
)
SCHEDULE = (Named("name", Kind.SCHEDULE),)
SELECTION = (
    Named("selection.invocation_ids", Kind.INVOCATION, "invocations"),
    Named("selection.filter.trigger_id", Kind.TRIGGER, "triggers"),
    Named("selection.filter.integration", Kind.INTEGRATION),
    Named("selection.filter.folder_id", Kind.FOLDER, "folders"),
)
JOB = (Named("job_id", Kind.JOB, "jobs"),)
JOB_MADE = (Made("jobs", "changes.job.id"),)
TOPICS_OF_TRIGGERS = frozenset({WatchRequest.TOPIC_TRIGGERS, WatchRequest.TOPIC_INTAKES})


def _overrides_payload(request: Any) -> bool:
    return request.WhichOneof("override") is not None


def _watches_triggers(request: Any) -> bool:
    return not request.topics or not TOPICS_OF_TRIGGERS.isdisjoint(request.topics)


def _shown_key(request: Any) -> str:
    return str(request.api_key)


def _shown_code(request: Any) -> str:
    return str(request.code)


SCHEDULE_SERVICE = service(
    "tocsin.v1.ScheduleService",
    {
        # What Google's call needs for each of them.
        "BatchSchedule": google(
            P.INTEGRATIONS_INVOKE,
            Named("requests.name", Kind.INTEGRATION),
            event="tocsin.v1.BatchSchedule",
            brings=Brings.EACH,
            each="requests",
            made=(Made("executions", "results.execution_info_ids"),),
        ),
        # Whoever may run an integration may have it run again and again.
        "CreateSchedule": google(
            P.INTEGRATIONS_INVOKE,
            Named("schedule.integration", Kind.INTEGRATION),
            event="tocsin.v1.CreateSchedule",
            made=(Made("schedules", "name"),),
        ),
        "GetSchedule": google(P.EXECUTIONS_GET, *SCHEDULE),
        "ListSchedules": google(P.EXECUTIONS_LIST, Named("parent", Kind.LOCATION)),
        "UpdateSchedule": google(
            P.INTEGRATIONS_INVOKE,
            *SCHEDULE,
            Named("schedule.integration", Kind.INTEGRATION),
            event="tocsin.v1.UpdateSchedule",
        ),
        "DeleteSchedule": google(
            P.INTEGRATIONS_INVOKE, *SCHEDULE, event="tocsin.v1.DeleteSchedule"
        ),
        "PauseSchedule": google(P.INTEGRATIONS_INVOKE, *SCHEDULE, event="tocsin.v1.PauseSchedule"),
        "ResumeSchedule": google(
            P.INTEGRATIONS_INVOKE, *SCHEDULE, event="tocsin.v1.ResumeSchedule"
        ),
        "BackfillSchedule": google(
            P.INTEGRATIONS_INVOKE,
            *SCHEDULE,
            event="tocsin.v1.BackfillSchedule",
            brings=Brings.FOUND,
            made=(Made("executions", "execution_ids"),),
        ),
        "ListNextRuns": google(P.EXECUTIONS_GET, *SCHEDULE),
        "ListLocations": permitted(P.EXECUTIONS_LIST, unnamed=Unnamed.SHOWN),
        "ExplainSchedule": google(P.EXECUTIONS_GET, *SCHEDULE),
        "ExplainIntegration": google(P.EXECUTIONS_GET, Named("name", Kind.INTEGRATION)),
    },
)
# They read and write what the caller sends, and nothing of what the server holds.
DOCUMENT_SERVICE = service(
    "tocsin.v1.DocumentService",
    {
        "ParseTriggers": Need(Audience.AUTHENTICATED),
        "RenderTriggers": Need(Audience.AUTHENTICATED),
    },
)
TRIGGER_SETUP_SERVICE = service(
    "tocsin.v1.TriggerSetupService",
    {
        "CreatePaused": permitted(
            P.TRIGGERS_CREATE,
            Named("trigger.folder_id", Kind.FOLDER, "folders"),
            event="tocsin.v1.CreatePausedTrigger",
            accounts=True,
            made=(Made("triggers", "metadata.trigger_id"), Made("operations", "id")),
        ),
    },
)
EVENT_SERVICE = service(
    "tocsin.v1.EventService",
    {
        "Publish": permitted(
            P.EVENTS_PUBLISH,
            event="tocsin.v1.PublishEvents",
            brings=Brings.EACH,
            each="events",
        ),
        "PublishCloudEvent": permitted(
            P.EVENTS_PUBLISH, event="tocsin.v1.PublishEvents", brings=Brings.ONE
        ),
        "TestEvent": permitted(P.EVENTS_TEST, *TRIGGERS_OF_FOLDER),
        "GetIntake": permitted(P.TRIGGERS_GET, *TRIGGER),
        "ListIntakes": permitted(P.TRIGGERS_LIST, Named("folder_id", Kind.FOLDER, "folders")),
    },
)
FIRING_SERVICE = service(
    "tocsin.v1.FiringService",
    {
        "FireTrigger": permitted(
            P.TRIGGERS_FIRE,
            *TRIGGER,
            event="tocsin.v1.FireTrigger",
            brings=Brings.ONE,
            accounts=True,
            uses_stored_rule=_overrides_payload,
            made=(Made("invocations", "invocations.id"),),
        ),
        "NextFireTimes": permitted(P.TRIGGERS_GET, *TRIGGER, unnamed=Unnamed.NOTHING),
        "Preview": permitted(P.TRIGGERS_LIST, *TRIGGERS_OF_FOLDER),
        "Explain": permitted(P.INVOCATIONS_GET, *TRIGGER),
        "ListMissed": permitted(P.TRIGGERS_LIST, IN_FOLDER, unnamed=Unnamed.SHOWN),
    },
)
INVOCATION_SERVICE = service(
    "tocsin.v1.InvocationService",
    {
        "List": permitted(
            P.INVOCATIONS_LIST,
            *TRIGGER,
            Named("integration", Kind.INTEGRATION),
            IN_FOLDER,
            unnamed=Unnamed.SHOWN,
        ),
        "Get": permitted(P.INVOCATIONS_GET, *INVOCATION),
        "Retry": permitted(
            P.INVOCATIONS_RETRY,
            *INVOCATION,
            event="tocsin.v1.RetryInvocation",
            brings=Brings.ONE,
        ),
        "Cancel": permitted(P.INVOCATIONS_CANCEL, *INVOCATION, event="tocsin.v1.CancelInvocation"),
        "RetryMany": permitted(
            P.INVOCATIONS_RETRY,
            *SELECTION,
            event="tocsin.v1.RetryInvocations",
            brings=Brings.FOUND,
            made=JOB_MADE,
        ),
        "CancelMany": permitted(
            P.INVOCATIONS_CANCEL, *SELECTION, event="tocsin.v1.CancelInvocations", made=JOB_MADE
        ),
        "Resend": permitted(
            P.INVOCATIONS_RESEND,
            *INVOCATION,
            event="tocsin.v1.ResendInvocation",
            brings=Brings.ONE,
            accounts=True,
            made=(Made("invocations", "invocation.id"),),
        ),
    },
)
JOB_SERVICE = service(
    "tocsin.v1.JobService",
    {
        "Get": permitted(P.JOBS_GET, *JOB),
        "List": permitted(P.JOBS_GET, IN_FOLDER, unnamed=Unnamed.SHOWN),
        "Cancel": permitted(P.JOBS_CANCEL, *JOB, event="tocsin.v1.CancelJob"),
    },
)
DEAD_LETTER_SERVICE = service(
    "tocsin.v1.DeadLetterService",
    {
        "List": permitted(P.DEAD_LETTERS_LIST, *TRIGGER, IN_FOLDER, unnamed=Unnamed.SHOWN),
        "Redrive": permitted(
            P.DEAD_LETTERS_REDRIVE,
            *INVOCATION,
            *TRIGGER,
            event="tocsin.v1.RedriveDeadLetters",
            brings=Brings.ONE,
        ),
        "ListCauses": permitted(P.DEAD_LETTERS_LIST, *TRIGGER, IN_FOLDER, unnamed=Unnamed.SHOWN),
        "RedriveMany": permitted(
            P.DEAD_LETTERS_REDRIVE,
            *SELECTION,
            event="tocsin.v1.RedriveManyDeadLetters",
            brings=Brings.FOUND,
            made=JOB_MADE,
        ),
    },
)


def _changed(permission: Permission, method: str) -> Need:
    return permitted(
        permission,
        IN_FOLDER,
        event=f"tocsin.v1.{method}",
        made=(Made("operations", "changes.operation_ids"),),
    )


FOLDER_SERVICE = service(
    "tocsin.v1.FolderService",
    {
        "ListFolders": permitted(P.TRIGGERS_LIST, unnamed=Unnamed.SHOWN),
        # Latest invocations are shown to those who may list them.
        "ListTriggers": permitted(P.TRIGGERS_LIST, IN_FOLDER),
        "PauseTriggers": _changed(P.TRIGGERS_PAUSE, "PauseTriggers"),
        "ResumeTriggers": _changed(P.TRIGGERS_RESUME, "ResumeTriggers"),
        "DeleteTriggers": _changed(P.TRIGGERS_DELETE, "DeleteTriggers"),
    },
)
WATCH_SERVICE = service(
    "tocsin.v1.WatchService",
    {
        "Watch": permitted(
            P.INVOCATIONS_LIST,
            *TRIGGER,
            Named("integration", Kind.INTEGRATION),
            IN_FOLDER,
            also=(Also(P.TRIGGERS_LIST, "watch triggers or intakes", _watches_triggers),),
            unnamed=Unnamed.SHOWN,
        ),
    },
)
OVERVIEW_SERVICE = service(
    "tocsin.v1.OverviewService",
    # Its parts show what their lists would.
    {"Get": permitted(P.INVOCATIONS_LIST, IN_FOLDER, unnamed=Unnamed.SHOWN)},
)
# Senders of webhooks have their own secrets: `[sources.webhooks]`.
WEBHOOK_SERVICE = service(
    "tocsin.v1.WebhookService",
    {
        "NotifyObjectStorage": Need(Audience.PUBLIC, brings=Brings.ONE, shows_secret=True),
        "NotifyContainerRegistry": Need(Audience.PUBLIC, brings=Brings.ONE, shows_secret=True),
    },
)
# Senders of logs over HTTP have theirs: `[sources.logs.otlp_senders]`.
OTLP_SERVICE = service(
    "tocsin.v1.OtlpService",
    {"ExportLogs": Need(Audience.PUBLIC, brings=Brings.ONE, shows_secret=True)},
)
SETTINGS_SERVICE = service(
    "tocsin.v1.SettingsService",
    {"ReloadSettings": permitted(P.SETTINGS_RELOAD, event="tocsin.v1.ReloadSettings")},
)
CLOCK_SERVICE = service(
    "tocsin.v1.ClockService",
    {
        "Get": permitted(P.CLOCK_GET),
        "Advance": permitted(P.CLOCK_MOVE, event="tocsin.v1.MoveClock"),
        "AdvanceTo": permitted(P.CLOCK_MOVE, event="tocsin.v1.MoveClock"),
    },
)

FOLDER = Named("folder_id", Kind.EVERYTHING, "folders")
ACCOUNT = Named("account_id", Kind.EVERYTHING, "accounts")
KEY = Named("key_id", Kind.EVERYTHING, "keys")
CREDENTIAL = Named("credential_id", Kind.EVERYTHING, "credentials")
BINDING = tuple(
    Named(f"binding.{field}", Kind.EVERYTHING) for field in ("resource", "subject", "role")
)
BOUND = (Named("resource", Kind.EVERYTHING), Named("subject", Kind.EVERYTHING))


def _managed(method: str, *named: Named) -> Need:
    return permitted(P.ACCESS_MANAGE, *named, event=f"tocsin.v1.{method}")


ACCESS_SERVICE = service(
    "tocsin.v1.AccessService",
    {
        "WhoAmI": Need(Audience.AUTHENTICATED),
        "GetAccount": permitted(P.ACCESS_GET, ACCOUNT),
        "ListAccounts": permitted(P.ACCESS_GET, FOLDER),
        "ListKeys": permitted(P.ACCESS_GET, ACCOUNT),
        "ListCredentials": permitted(P.ACCESS_GET, ACCOUNT),
        "ListBindings": permitted(P.ACCESS_GET, *BOUND),
        "CreateAccount": _managed("CreateAccount", FOLDER),
        "DeleteAccount": _managed("DeleteAccount", ACCOUNT),
        "RevokeTokens": _managed("RevokeTokens", ACCOUNT),
        "CreateKey": _managed("CreateKey", ACCOUNT),
        "DeleteKey": _managed("DeleteKey", KEY),
        "CreateCredential": _managed("CreateCredential", ACCOUNT),
        "DeleteCredential": _managed("DeleteCredential", CREDENTIAL),
        "AddBinding": _managed("AddBinding", *BINDING),
        "RemoveBinding": _managed("RemoveBinding", *BINDING),
    },
)

# Targets fetch the keys with which they check the tokens of calls.
OPEN_ID = service("tocsin.v1.OpenIdService", {"GetConfiguration": PUBLIC, "GetKeys": PUBLIC})

# It says what the public contracts say, and nothing of what this server holds.
OPEN_API = service("tocsin.v1.OpenApiService", {"GetYaml": PUBLIC, "GetJson": PUBLIC})

# The page asks for a credential when it needs one; its files are the same everywhere.
CONSOLE = service("tocsin.v1.ConsoleService", {"GetPage": PUBLIC, "GetAsset": PUBLIC})

SESSION_SERVICE = service(
    "tocsin.v1.SessionService",
    {
        "GetSignInOptions": PUBLIC,
        "SignIn": Need(
            Audience.PUBLIC, event="tocsin.v1.SignIn", shows_secret=True, secret=_shown_key
        ),
        # It shows nothing that could be guessed.
        "BeginSignIn": PUBLIC,
        "CompleteSignIn": Need(
            Audience.PUBLIC, event="tocsin.v1.SignIn", shows_secret=True, secret=_shown_code
        ),
        "SignOut": Need(Audience.AUTHENTICATED, event="tocsin.v1.SignOut"),
    },
)

NEEDS = {
    **DOCUMENT_SERVICE,
    **TRIGGER_SETUP_SERVICE,
    **EVENT_SERVICE,
    **FIRING_SERVICE,
    **FOLDER_SERVICE,
    **OVERVIEW_SERVICE,
    **INVOCATION_SERVICE,
    **DEAD_LETTER_SERVICE,
    **JOB_SERVICE,
    **WATCH_SERVICE,
    **SCHEDULE_SERVICE,
    **WEBHOOK_SERVICE,
    **OTLP_SERVICE,
    **SETTINGS_SERVICE,
    **CLOCK_SERVICE,
    **ACCESS_SERVICE,
    **OPEN_ID,
    **OPEN_API,
    **CONSOLE,
    **SESSION_SERVICE,
}
