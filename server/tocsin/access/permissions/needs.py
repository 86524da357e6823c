"""Lists what a caller of each method needs; the gate follows this table.

The server does not start if it serves a method that has no line here. `docs/access.md` is generated
from this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tocsin.access.permissions.roles import Permission

P = Permission

# The scope that Google's methods require: `auth.oauth2.scopes` of their discovery document.
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


class Kind(Enum):
    """Says what a field of a request names, and so on which resource the permission is needed."""

    FOLDER = "the folder"
    TRIGGER = "the folder of the trigger"
    OPERATION = "the folder of the operation's trigger"
    INVOCATION = "the folder, or the integration, of the invocation"
    INTEGRATION = "the integration"
    INTEGRATION_VERSION = "the integration, also by the name of its version"
    LOCATION = "the project and location"
    EXECUTION = "the integration of the execution"
    SCHEDULE = "the integration of the schedule"
    LOG_GROUP = "the folder whose default log group it is, else `*`"
    SERVICE_ACCOUNT = "the folder of the service account"
    EVERYTHING = "`*`"
    """The thing belongs to no folder; its name appears in the audit log and in refusals."""


class Unnamed(Enum):
    """Says where the permission is needed if a request names no resource."""

    EVERYTHING = "on `*`"
    SHOWN = "on any resource: the answer shows only resources that the caller may see"
    NOTHING = "a valid credential is enough"


class Audience(Enum):
    """Says who may call a method."""

    PUBLIC = "anyone"
    AUTHENTICATED = "callers with a valid credential"
    PERMITTED = "callers with the permission"


class Brings(Enum):
    """Says how many invocations or events a call makes, which count against the quotas."""

    NOTHING = 0
    ONE = 1
    EACH = 2
    """One for each element of the list that `Need.each` names."""


@dataclass(frozen=True, slots=True)
class Named:
    """Names a field of a request by its path, and what its value names; a list names several.

    Refusals and the audit log show the value with its `collection`, such as `triggers/ID`. An empty
    collection means that the value is a full name.
    """

    field: str
    kind: Kind
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """Names the field of an answer, by its path, that holds the ids of what the call created.

    In a `yandex.cloud.operation.Operation` the path may lead into the method's metadata.
    """

    collection: str
    field: str


def never(_request: Any) -> bool:
    return False


def nothing(_request: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Need:
    """Says what a caller of one method needs, on every resource that the request names.

    Attributes:
        audience: who may call the method.
        permission: the permission that is needed.
        named: the fields that name resources.
        unnamed: where the permission is needed if those fields are empty.
        scope: the scope that a limited token must have.
        event: the name in the audit log of a call that changes something.
        brings: how many invocations or events a call makes.
        each: path of the list whose elements each become an event.
        made: the fields of the answer that the audit log reads.
        accounts: whether the caller must be allowed to use each service account that the request's
            rule, or its version of an integration, names.
        uses_stored_rule: returns whether a request also needs the accounts of the stored rule,
            because it says what to call or send as one of them.
        shows_secret: whether a request to a public method holds a secret that could be guessed.
        secret: returns the secret of such a request, or what all proofs of one sender share; empty
            if the secret is in the headers.
    """

    audience: Audience
    permission: Permission | None = None
    named: tuple[Named, ...] = ()
    unnamed: Unnamed = Unnamed.EVERYTHING
    scope: str = ""
    event: str = ""
    brings: Brings = Brings.NOTHING
    each: str = ""
    accounts: bool = False
    uses_stored_rule: Callable[[Any], bool] = never
    made: tuple[Made, ...] = ()
    shows_secret: bool = False
    secret: Callable[[Any], str] = nothing


PUBLIC = Need(Audience.PUBLIC)

TRIGGER = (Named("trigger_id", Kind.TRIGGER, "triggers"),)
INVOCATION = (Named("invocation_id", Kind.INVOCATION, "invocations"),)
IN_FOLDER = Named("folder_id", Kind.FOLDER, "folders")
TRIGGERS_OF_FOLDER = (
    IN_FOLDER,
    Named("trigger_ids", Kind.TRIGGER, "triggers"),
)
OPERATION = (Named("operation_id", Kind.OPERATION, "operations"),)
EXECUTION = (Named("name", Kind.EXECUTION),)
SCHEDULE = (Named("name", Kind.SCHEDULE),)
# What every mutation of a trigger answers with: an operation over the trigger.
MUTATION = (Made("triggers", "metadata.trigger_id"), Made("operations", "id"))


def _permitted(
    permission: Permission,
    *named: Named,
    unnamed: Unnamed = Unnamed.EVERYTHING,
    event: str = "",
    brings: Brings = Brings.NOTHING,
    each: str = "",
    accounts: bool = False,
    uses_stored_rule: Callable[[Any], bool] = never,
    made: tuple[Made, ...] = (),
) -> Need:
    return Need(
        Audience.PERMITTED,
        permission,
        named,
        unnamed,
        event=event,
        brings=brings,
        each=each,
        accounts=accounts,
        uses_stored_rule=uses_stored_rule,
        made=made,
    )


def _google(
    permission: Permission,
    *named: Named,
    event: str = "",
    brings: Brings = Brings.NOTHING,
    accounts: bool = False,
    each: str = "",
    made: tuple[Made, ...] = (),
) -> Need:
    return Need(
        Audience.PERMITTED,
        permission,
        named,
        scope=CLOUD_PLATFORM,
        event=event,
        brings=brings,
        accounts=accounts,
        each=each,
        made=made,
    )


def _service(name: str, methods: Mapping[str, Need]) -> dict[str, Need]:
    return {f"{name}.{method}": need for method, need in methods.items()}


def _vendor_event(method: str) -> str:
    """Returns the type of the vendor's audit event (yandex-cloud/docs, en/functions/at-ref.md)."""
    return f"yandex.cloud.audit.serverless.triggers.{method}Trigger"


def _changes_part_of_rule(request: Any) -> bool:
    """Tells whether an update may leave accounts of the stored rule in the new rule."""
    paths = request.update_mask.paths
    return not paths or any(path.partition(".")[0] in ("rule", "*") for path in paths)


def _oauth_token_or_key(request: Any) -> str:
    """Returns an OAuth token, or the header of a JWT, which names the key that signed it."""
    return str(request.yandex_passport_oauth_token or request.jwt.partition(".")[0])


def _overrides_payload(request: Any) -> bool:
    return request.WhichOneof("override") is not None


TRIGGER_SERVICE = _service(
    "yandex.cloud.serverless.triggers.v1.TriggerService",
    {
        "Get": _permitted(P.TRIGGERS_GET, *TRIGGER),
        "List": _permitted(P.TRIGGERS_LIST, Named("folder_id", Kind.FOLDER, "folders")),
        "Create": _permitted(
            P.TRIGGERS_CREATE,
            Named("folder_id", Kind.FOLDER, "folders"),
            event=_vendor_event("Create"),
            accounts=True,
            made=MUTATION,
        ),
        "Update": _permitted(
            P.TRIGGERS_UPDATE,
            *TRIGGER,
            event=_vendor_event("Update"),
            accounts=True,
            uses_stored_rule=_changes_part_of_rule,
            made=MUTATION,
        ),
        "Delete": _permitted(
            P.TRIGGERS_DELETE, *TRIGGER, event=_vendor_event("Delete"), made=MUTATION
        ),
        "Pause": _permitted(
            P.TRIGGERS_PAUSE, *TRIGGER, event=_vendor_event("Pause"), made=MUTATION
        ),
        "Resume": _permitted(
            P.TRIGGERS_RESUME, *TRIGGER, event=_vendor_event("Resume"), made=MUTATION
        ),
        "ListOperations": _permitted(P.OPERATIONS_LIST, *TRIGGER),
    },
)
OPERATION_SERVICE = _service(
    "yandex.cloud.operation.OperationService",
    {
        "Get": _permitted(P.OPERATIONS_GET, *OPERATION),
        "Cancel": _permitted(
            P.OPERATIONS_CANCEL, *OPERATION, event="yandex.cloud.operation.CancelOperation"
        ),
    },
)
EXECUTIONS = _service(
    "google.cloud.integrations.v1alpha.Executions",
    {
        "ScheduleIntegrations": _google(
            P.INTEGRATIONS_INVOKE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.ScheduleIntegrations",
            brings=Brings.ONE,
            made=(Made("executions", "execution_info_ids"),),
        ),
        "ExecuteIntegrations": _google(
            P.INTEGRATIONS_INVOKE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.ExecuteIntegrations",
            brings=Brings.ONE,
            made=(Made("executions", "execution_id"),),
        ),
        "TestIntegrations": _google(
            P.VERSIONS_INVOKE,
            Named("name", Kind.INTEGRATION_VERSION),
            event="google.cloud.integrations.TestIntegrations",
            brings=Brings.ONE,
            accounts=True,
            made=(Made("executions", "execution_id"),),
        ),
        "ReplayExecution": _google(
            P.INTEGRATIONS_INVOKE,
            *EXECUTION,
            event="google.cloud.integrations.ReplayExecution",
            brings=Brings.ONE,
            made=(Made("executions", "execution_id"),),
        ),
        "ListExecutions": _google(P.EXECUTIONS_LIST, Named("parent", Kind.INTEGRATION)),
        "GetExecution": _google(P.EXECUTIONS_GET, *EXECUTION),
        "DownloadExecution": _google(P.EXECUTIONS_GET, *EXECUTION),
        "CancelExecution": _google(
            P.EXECUTIONS_CANCEL, *EXECUTION, event="google.cloud.integrations.CancelExecution"
        ),
    },
)
LOCATION = (Named("parent", Kind.LOCATION),)
VERSION = (Named("name", Kind.INTEGRATION_VERSION),)
INTEGRATIONS = _service(
    "google.cloud.integrations.v1alpha.Integrations",
    {
        "ListIntegrations": _google(P.INTEGRATIONS_LIST, *LOCATION),
        "SearchIntegrations": _google(P.INTEGRATIONS_LIST, *LOCATION),
        "DeleteIntegration": _google(
            P.INTEGRATIONS_DELETE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.DeleteIntegration",
        ),
    },
)
INTEGRATION_VERSIONS = _service(
    "google.cloud.integrations.v1alpha.IntegrationVersions",
    {
        "CreateIntegrationVersion": _google(
            P.VERSIONS_CREATE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.CreateIntegrationVersion",
            accounts=True,
            made=(Made("integrationVersions", "name"),),
        ),
        "UploadIntegrationVersion": _google(
            P.VERSIONS_CREATE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.UploadIntegrationVersion",
            accounts=True,
            made=(Made("integrationVersions", "integration_version.name"),),
        ),
        "GetIntegrationVersion": _google(P.VERSIONS_GET, *VERSION),
        "DownloadIntegrationVersion": _google(P.VERSIONS_GET, *VERSION),
        "ListIntegrationVersions": _google(P.VERSIONS_LIST, Named("parent", Kind.INTEGRATION)),
        "UpdateIntegrationVersion": _google(
            P.VERSIONS_UPDATE,
            *VERSION,
            event="google.cloud.integrations.UpdateIntegrationVersion",
            accounts=True,
        ),
        "PublishIntegrationVersion": _google(
            P.VERSIONS_DEPLOY,
            *VERSION,
            event="google.cloud.integrations.PublishIntegrationVersion",
            accounts=True,
        ),
        "UnpublishIntegrationVersion": _google(
            P.VERSIONS_DEPLOY,
            *VERSION,
            event="google.cloud.integrations.UnpublishIntegrationVersion",
        ),
        "DeleteIntegrationVersion": _google(
            P.VERSIONS_DELETE,
            *VERSION,
            event="google.cloud.integrations.DeleteIntegrationVersion",
        ),
    },
)
SCHEDULE_SERVICE = _service(
    "tocsin.v1.ScheduleService",
    {
        # What Google's call needs for each of them.
        "BatchSchedule": _google(
            P.INTEGRATIONS_INVOKE,
            Named("requests.name", Kind.INTEGRATION),
            event="tocsin.v1.BatchSchedule",
            brings=Brings.EACH,
            each="requests",
            made=(Made("executions", "results.execution_info_ids"),),
        ),
        # Whoever may run an integration may have it run again and again.
        "CreateSchedule": _google(
            P.INTEGRATIONS_INVOKE,
            Named("schedule.integration", Kind.INTEGRATION),
            event="tocsin.v1.CreateSchedule",
            made=(Made("schedules", "name"),),
        ),
        "GetSchedule": _google(P.EXECUTIONS_GET, *SCHEDULE),
        "ListSchedules": _google(P.EXECUTIONS_LIST, Named("parent", Kind.LOCATION)),
        "UpdateSchedule": _google(
            P.INTEGRATIONS_INVOKE,
            *SCHEDULE,
            Named("schedule.integration", Kind.INTEGRATION),
            event="tocsin.v1.UpdateSchedule",
        ),
        "DeleteSchedule": _google(
            P.INTEGRATIONS_INVOKE, *SCHEDULE, event="tocsin.v1.DeleteSchedule"
        ),
        "PauseSchedule": _google(P.INTEGRATIONS_INVOKE, *SCHEDULE, event="tocsin.v1.PauseSchedule"),
        "ResumeSchedule": _google(
            P.INTEGRATIONS_INVOKE, *SCHEDULE, event="tocsin.v1.ResumeSchedule"
        ),
        "BackfillSchedule": _google(
            P.INTEGRATIONS_INVOKE,
            *SCHEDULE,
            event="tocsin.v1.BackfillSchedule",
            brings=Brings.ONE,
            made=(Made("executions", "execution_ids"),),
        ),
        "ListNextRuns": _google(P.EXECUTIONS_GET, *SCHEDULE),
    },
)
EXECUTIONS_V2 = _service(
    "google.cloud.integrations.v2.Executions",
    {
        "ScheduleIntegration": _google(
            P.INTEGRATIONS_INVOKE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.ScheduleIntegration",
            brings=Brings.ONE,
        ),
        "ExecuteIntegration": _google(
            P.INTEGRATIONS_INVOKE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.ExecuteIntegration",
            brings=Brings.ONE,
        ),
        "ListExecutions": _google(P.EXECUTIONS_LIST, Named("parent", Kind.INTEGRATION)),
    },
)
LONG_RUNNING = _service(
    "google.longrunning.Operations",
    {
        "ListOperations": _google(P.EXECUTIONS_LIST, Named("name", Kind.LOCATION)),
        "GetOperation": _google(P.EXECUTIONS_GET, *EXECUTION),
        "WaitOperation": _google(P.EXECUTIONS_GET, *EXECUTION),
        "CancelOperation": _google(
            P.EXECUTIONS_CANCEL, *EXECUTION, event="google.longrunning.CancelOperation"
        ),
        "DeleteOperation": _google(
            P.EXECUTIONS_CANCEL, *EXECUTION, event="google.longrunning.DeleteOperation"
        ),
    },
)
LOGS = {
    **_service(
        "yandex.cloud.logging.v1.LogIngestionService",
        {
            "Write": _permitted(
                P.LOG_RECORDS_WRITE,
                Named("destination.folder_id", Kind.FOLDER, "folders"),
                Named("destination.log_group_id", Kind.LOG_GROUP, "logGroups"),
                brings=Brings.EACH,
                each="entries",
            )
        },
    ),
    **_service(
        "opentelemetry.proto.collector.logs.v1.LogsService",
        {
            "Export": _permitted(
                P.LOG_RECORDS_WRITE,
                brings=Brings.EACH,
                each="resource_logs.scope_logs.log_records",
            )
        },
    ),
}
EVENT_SERVICE = _service(
    "tocsin.v1.EventService",
    {
        "Publish": _permitted(
            P.EVENTS_PUBLISH,
            event="tocsin.v1.PublishEvents",
            brings=Brings.EACH,
            each="events",
        ),
        "PublishCloudEvent": _permitted(
            P.EVENTS_PUBLISH, event="tocsin.v1.PublishEvents", brings=Brings.ONE
        ),
        "TestEvent": _permitted(P.EVENTS_TEST, *TRIGGERS_OF_FOLDER),
        "GetIntake": _permitted(P.TRIGGERS_GET, *TRIGGER),
        "ListIntakes": _permitted(P.TRIGGERS_LIST, Named("folder_id", Kind.FOLDER, "folders")),
    },
)
FIRING_SERVICE = _service(
    "tocsin.v1.FiringService",
    {
        "FireTrigger": _permitted(
            P.TRIGGERS_FIRE,
            *TRIGGER,
            event="tocsin.v1.FireTrigger",
            brings=Brings.ONE,
            accounts=True,
            uses_stored_rule=_overrides_payload,
            made=(Made("invocations", "invocations.id"),),
        ),
        "NextFireTimes": _permitted(P.TRIGGERS_GET, *TRIGGER, unnamed=Unnamed.NOTHING),
        "Preview": _permitted(P.TRIGGERS_LIST, *TRIGGERS_OF_FOLDER),
        "Explain": _permitted(P.INVOCATIONS_GET, *TRIGGER),
    },
)
INVOCATION_SERVICE = _service(
    "tocsin.v1.InvocationService",
    {
        "List": _permitted(
            P.INVOCATIONS_LIST,
            *TRIGGER,
            Named("integration", Kind.INTEGRATION),
            IN_FOLDER,
            unnamed=Unnamed.SHOWN,
        ),
        "Get": _permitted(P.INVOCATIONS_GET, *INVOCATION),
        "Retry": _permitted(
            P.INVOCATIONS_RETRY,
            *INVOCATION,
            event="tocsin.v1.RetryInvocation",
            brings=Brings.ONE,
        ),
        "Cancel": _permitted(P.INVOCATIONS_CANCEL, *INVOCATION, event="tocsin.v1.CancelInvocation"),
    },
)
DEAD_LETTER_SERVICE = _service(
    "tocsin.v1.DeadLetterService",
    {
        "List": _permitted(P.DEAD_LETTERS_LIST, *TRIGGER, IN_FOLDER, unnamed=Unnamed.SHOWN),
        "Redrive": _permitted(
            P.DEAD_LETTERS_REDRIVE,
            *INVOCATION,
            *TRIGGER,
            event="tocsin.v1.RedriveDeadLetters",
            brings=Brings.ONE,
        ),
    },
)
# Senders of webhooks have their own secrets: `[sources.webhooks]`.
WEBHOOK_SERVICE = _service(
    "tocsin.v1.WebhookService",
    {
        "NotifyObjectStorage": Need(Audience.PUBLIC, brings=Brings.ONE, shows_secret=True),
        "NotifyContainerRegistry": Need(Audience.PUBLIC, brings=Brings.ONE, shows_secret=True),
    },
)
# Senders of logs over HTTP have theirs: `[sources.logs.otlp_senders]`.
OTLP_SERVICE = _service(
    "tocsin.v1.OtlpService",
    {"ExportLogs": Need(Audience.PUBLIC, brings=Brings.ONE, shows_secret=True)},
)
CLOCK_SERVICE = _service(
    "tocsin.v1.ClockService",
    {
        "Get": _permitted(P.CLOCK_GET),
        "Advance": _permitted(P.CLOCK_MOVE, event="tocsin.v1.MoveClock"),
        "AdvanceTo": _permitted(P.CLOCK_MOVE, event="tocsin.v1.MoveClock"),
    },
)
IAM = _service(
    "yandex.cloud.iam.v1.IamTokenService",
    {
        # The request itself holds the credential.
        "Create": Need(
            Audience.PUBLIC,
            event="yandex.cloud.audit.iam.CreateIamToken",
            shows_secret=True,
            secret=_oauth_token_or_key,
        ),
        "CreateForServiceAccount": _permitted(
            P.SERVICE_ACCOUNTS_CREATE_TOKEN,
            Named("service_account_id", Kind.SERVICE_ACCOUNT, "serviceAccounts"),
            event="yandex.cloud.audit.iam.CreateIamTokenForServiceAccount",
        ),
        "Revoke": Need(Audience.AUTHENTICATED, event="yandex.cloud.audit.iam.RevokeIamToken"),
    },
)
ENDPOINTS = _service(
    "yandex.cloud.endpoint.ApiEndpointService",
    {"Get": PUBLIC, "List": PUBLIC},
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
    return _permitted(P.ACCESS_MANAGE, *named, event=f"tocsin.v1.{method}")


ACCESS_SERVICE = _service(
    "tocsin.v1.AccessService",
    {
        "GetAccount": _permitted(P.ACCESS_GET, ACCOUNT),
        "ListAccounts": _permitted(P.ACCESS_GET, FOLDER),
        "ListKeys": _permitted(P.ACCESS_GET, ACCOUNT),
        "ListCredentials": _permitted(P.ACCESS_GET, ACCOUNT),
        "ListBindings": _permitted(P.ACCESS_GET, *BOUND),
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
OPEN_ID = _service("tocsin.v1.OpenIdService", {"GetConfiguration": PUBLIC, "GetKeys": PUBLIC})

# It says what the public contracts say, and nothing of what this server holds.
OPEN_API = _service("tocsin.v1.OpenApiService", {"GetYaml": PUBLIC, "GetJson": PUBLIC})

NEEDS: Mapping[str, Need] = {
    **TRIGGER_SERVICE,
    **OPERATION_SERVICE,
    **EXECUTIONS,
    **INTEGRATIONS,
    **INTEGRATION_VERSIONS,
    **EXECUTIONS_V2,
    **SCHEDULE_SERVICE,
    **LONG_RUNNING,
    **LOGS,
    **EVENT_SERVICE,
    **FIRING_SERVICE,
    **INVOCATION_SERVICE,
    **DEAD_LETTER_SERVICE,
    **WEBHOOK_SERVICE,
    **OTLP_SERVICE,
    **CLOCK_SERVICE,
    **IAM,
    **ENDPOINTS,
    **ACCESS_SERVICE,
    **OPEN_ID,
    **OPEN_API,
}

# No gate guards these: they tell how to call this server, and whether it is up.
OPEN_SERVICES = (
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)
