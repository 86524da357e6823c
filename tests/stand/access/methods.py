"""Each method of the server, the least role that may call it, and a request that it takes."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from stand.access.guarded import Guarded
from stand.apis.triggers import TIMER
from stand.apis.wire import Json

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
OPERATIONS = "yandex.cloud.operation.OperationService"
EXECUTIONS = "google.cloud.integrations.v1alpha.Executions"
INTEGRATIONS = "google.cloud.integrations.v1alpha.Integrations"
VERSIONS = "google.cloud.integrations.v1alpha.IntegrationVersions"
EXECUTIONS_V2 = "google.cloud.integrations.v2.Executions"
SCHEDULES = "tocsin.v1.ScheduleService"
LONG_RUNNING = "google.longrunning.Operations"
LOGS = "yandex.cloud.logging.v1.LogIngestionService"
OTLP = "opentelemetry.proto.collector.logs.v1.LogsService"
EVENTS = "tocsin.v1.EventService"
FIRING = "tocsin.v1.FiringService"
INVOCATIONS = "tocsin.v1.InvocationService"
DEAD_LETTERS = "tocsin.v1.DeadLetterService"
JOBS = "tocsin.v1.JobService"
DOCUMENTS = "tocsin.v1.DocumentService"
FOLDERS = "tocsin.v1.FolderService"
WATCH = "tocsin.v1.WatchService"
OVERVIEW = "tocsin.v1.OverviewService"
WEBHOOKS = "tocsin.v1.WebhookService"
OTLP_HTTP = "tocsin.v1.OtlpService"
CLOCK = "tocsin.v1.ClockService"
IAM = "yandex.cloud.iam.v1.IamTokenService"
ENDPOINTS = "yandex.cloud.endpoint.ApiEndpointService"
ACCESS = "tocsin.v1.AccessService"
SESSIONS = "tocsin.v1.SessionService"
SETTINGS = "tocsin.v1.SettingsService"

CONFIG = """
    clock = "manual"

    [limits]
    bad_credentials_per_minute = 1000  # each method is asked with one

    [sources.logs.default_groups]
    b1gdefaultgroup00000 = "e23default0000000000"

    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
"""
GROUP, FOLDER_OF_GROUP = "e23default0000000000", "b1gdefaultgroup00000"


@dataclass(frozen=True)
class World:
    """What there is in a folder and a project of a test's own."""

    server: Guarded
    folder: str
    location: str

    @property
    def project(self) -> str:
        return "/".join(self.location.split("/")[:2])

    def trigger(self, **fields: object) -> str:
        request = {"folderId": self.folder, "rule": TIMER, **fields}
        return str(self.server.admin.call(f"{TRIGGERS}.Create", request)["response"]["id"])

    def operation(self) -> str:
        request = {"folderId": self.folder, "rule": TIMER}
        return str(self.server.admin.call(f"{TRIGGERS}.Create", request)["id"])

    def named_trigger(self) -> str:
        """Makes a trigger; returns its name."""
        self.trigger(name="taken-name")
        return "taken-name"

    def deleted_trigger(self) -> str:
        trigger_id = self.trigger()
        self.server.admin.call(f"{TRIGGERS}.Delete", {"triggerId": trigger_id})
        return trigger_id

    def invocation(self) -> str:
        fired = self.server.admin.call(f"{FIRING}.FireTrigger", {"triggerId": self.trigger()})
        return str(fired["invocations"][0]["id"])

    def schedule_request(self) -> Json:
        return {
            "name": f"{self.location}/integrations/nightly",
            "triggerId": "api_trigger/nightly",
            "scheduleTime": "2099-01-01T00:00:00Z",
        }

    def version(self, name: str) -> str:
        """Makes a draft that can be published; returns its name."""
        url = {"stringValue": "http://127.0.0.1:1/"}
        version = {
            "triggerConfigs": [{"triggerId": f"api_trigger/{name}"}],
            "taskConfigs": [{"task": "GenericRestV2Task", "parameters": {"url": {"value": url}}}],
        }
        request = {
            "parent": f"{self.location}/integrations/{name}",
            "integrationVersion": version,
        }
        made = self.server.admin.call(f"{VERSIONS}.CreateIntegrationVersion", request)
        return str(made["name"])

    def execution(self) -> str:
        scheduled = self.server.admin.call(
            f"{EXECUTIONS}.ScheduleIntegrations", self.schedule_request()
        )
        return f"{self.location}/operations/{scheduled['executionInfoIds'][0]}"


def new_world(server: Guarded) -> World:
    name = uuid.uuid4().hex[:16]
    return World(server, f"b1g{name}f", f"projects/p-{name}/locations/local")


class Line(NamedTuple):
    """The least of our roles that may call a method, on what, and a request.

    `anyone` needs no credential, and `known` needs no role.
    """

    role: str
    on: str
    request: Callable[[World], Json]


def nothing(_: World) -> Json:
    return {}


def trigger(w: World) -> Json:
    return {"triggerId": w.trigger()}


def in_folder(w: World) -> Json:
    return {"folderId": w.folder}


def selected(w: World) -> Json:
    return {"folderId": w.folder, "selection": {"triggerIds": [w.trigger()]}}


def invocation(w: World) -> Json:
    return {"invocationId": w.invocation()}


def chosen(w: World) -> Json:
    return {"selection": {"invocationIds": [w.invocation()]}}


def chosen_by_filter(w: World) -> Json:
    return {"selection": {"filter": {"folderId": w.folder}}}


def job(w: World) -> Json:
    begun = w.server.admin.call(f"{INVOCATIONS}.CancelMany", chosen_by_filter(w))
    return {"jobId": begun["changes"]["job"]["id"]}


def execution(w: World) -> Json:
    return {"name": w.execution()}


def execution_of_integration(w: World) -> Json:
    return {"name": w.execution().replace("/operations/", "/integrations/nightly/executions/")}


def executions_of_integration(w: World) -> Json:
    return {"parent": f"{w.location}/integrations/nightly"}


def executed(w: World) -> Json:
    """Runs an integration that nobody answers for, and takes that for an answer."""
    request = w.schedule_request()
    del request["scheduleTime"]
    return {**request, "doNotPropagateError": True}


def replayed(w: World) -> Json:
    name = execution_of_integration(w)["name"]
    w.server.admin.call(f"{EXECUTIONS}.CancelExecution", {"name": name})
    return {"name": name, "replayReason": "again"}


def batch(w: World) -> Json:
    return {"parent": w.location, "requests": [w.schedule_request()]}


RECURRING: Json = {"triggerId": "api_trigger/nightly", "cronExpression": "0 0 1 1 ? 2099"}


def recurring(w: World) -> Json:
    return {**RECURRING, "integration": f"{w.location}/integrations/nightly"}


def schedule(w: World) -> Json:
    """Names a schedule that there is."""
    sent = {"parent": w.location, "scheduleId": f"s{uuid.uuid4().hex}", "schedule": recurring(w)}
    return {"name": w.server.admin.call(f"{SCHEDULES}.CreateSchedule", sent)["name"]}


def backfilled(w: World) -> Json:
    return {
        **schedule(w),
        "startTime": "2020-01-01T00:00:00Z",
        "endTime": "2020-01-02T00:00:00Z",
    }


def explained_schedule(w: World) -> Json:
    return {**schedule(w), "instant": "2030-01-01T00:00:00Z"}


def explained_integration(w: World) -> Json:
    """Asks for a schedule of an integration that was published with one."""
    name = f"{w.location}/integrations/own-{uuid.uuid4().hex[:8]}"
    trigger = {
        "triggerType": "CLOUD_SCHEDULER",
        "triggerNumber": "1",
        "triggerId": "cloud_scheduler_trigger/own",
        "cloudSchedulerConfig": {"cronTab": "0 9 * * *", "location": "here"},
    }
    url = {"url": {"key": "url", "value": {"stringValue": "http://127.0.0.1:9/"}}}
    task = {"task": "GenericRestV2Task", "taskId": "1", "parameters": url}
    version = {"triggerConfigs": [trigger], "taskConfigs": [task]}
    sent = {"parent": name, "integrationVersion": version}
    made = w.server.admin.call(f"{VERSIONS}.CreateIntegrationVersion", sent)
    w.server.admin.call(f"{VERSIONS}.PublishIntegrationVersion", {"name": made["name"]})
    return {"name": name, "instant": "2030-01-01T00:00:00Z"}


def event_of(w: World) -> Json:
    return {"name": f"{w.location}/integrations/nightly", "triggerId": "api_trigger/nightly"}


def scheduled_by_v2(w: World) -> Json:
    request = w.schedule_request()
    request["parent"] = request.pop("name")
    return request


def executed_by_v2(w: World) -> Json:
    """A request that the least role gets as far as to its trigger, which is not there."""
    return {"parent": f"{w.location}/integrations/nightly", "triggerId": "api_trigger/nightly"}


def draft_of(w: World) -> Json:
    return {"parent": f"{w.location}/integrations/new", "integrationVersion": {}}


def draft(w: World) -> Json:
    return {"name": w.version(f"i-{uuid.uuid4().hex[:8]}")}


def changed_draft(w: World) -> Json:
    return {**draft(w), "integrationVersion": {"description": "new"}}


def published(w: World) -> Json:
    request = draft(w)
    w.server.admin.call(f"{VERSIONS}.PublishIntegrationVersion", request)
    return request


def tested(w: World) -> Json:
    name = w.version("tested")
    return {"name": name, "triggerId": "api_trigger/tested", "asyncExecution": True}


def registered(w: World) -> Json:
    return {"name": draft(w)["name"].partition("/versions/")[0]}


def operation(w: World) -> Json:
    return {"operationId": w.operation()}


EVENT: Json = {
    "objectStorage": {"change": "OBJECT_CHANGE_CREATE", "bucketId": "b", "objectId": "o"}
}


def written(destination: Json) -> Json:
    record = {"message": "told", "timestamp": "2026-01-01T00:00:00Z"}
    return {"destination": destination, "resource": {"type": "t"}, "entries": [record]}


LINES: dict[str, Line] = {
    f"{TRIGGERS}.Get": Line("viewer", "folder", trigger),
    f"{TRIGGERS}.List": Line("viewer", "folder", lambda w: {"folderId": w.folder}),
    f"{TRIGGERS}.Create": Line("editor", "folder", lambda w: {"folderId": w.folder, "rule": TIMER}),
    f"{TRIGGERS}.Update": Line(
        "editor", "folder", lambda w: {**trigger(w), "updateMask": "name", "name": "new-name"}
    ),
    f"{TRIGGERS}.Delete": Line("editor", "folder", trigger),
    f"{TRIGGERS}.Pause": Line("editor", "folder", trigger),
    f"{TRIGGERS}.Resume": Line("editor", "folder", trigger),
    f"{TRIGGERS}.ListOperations": Line("viewer", "folder", trigger),
    f"{OPERATIONS}.Get": Line("viewer", "folder", operation),
    f"{OPERATIONS}.Cancel": Line("editor", "folder", operation),
    f"{EXECUTIONS}.ScheduleIntegrations": Line("editor", "project", World.schedule_request),
    f"{EXECUTIONS}.ExecuteIntegrations": Line("editor", "project", executed),
    f"{EXECUTIONS}.TestIntegrations": Line("editor", "project", tested),
    f"{EXECUTIONS}.ReplayExecution": Line("editor", "project", replayed),
    f"{EXECUTIONS_V2}.ScheduleIntegration": Line("editor", "project", scheduled_by_v2),
    f"{EXECUTIONS_V2}.ExecuteIntegration": Line("editor", "project", executed_by_v2),
    f"{SCHEDULES}.BatchSchedule": Line("editor", "project", batch),
    f"{SCHEDULES}.CreateSchedule": Line(
        "editor",
        "project",
        lambda w: {"parent": w.location, "scheduleId": "s", "schedule": recurring(w)},
    ),
    f"{SCHEDULES}.GetSchedule": Line("viewer", "project", schedule),
    f"{SCHEDULES}.ListSchedules": Line("viewer", "project", lambda w: {"parent": w.location}),
    f"{SCHEDULES}.UpdateSchedule": Line(
        "editor", "project", lambda w: {**schedule(w), "schedule": recurring(w)}
    ),
    f"{SCHEDULES}.DeleteSchedule": Line("editor", "project", schedule),
    f"{SCHEDULES}.PauseSchedule": Line("editor", "project", schedule),
    f"{SCHEDULES}.ResumeSchedule": Line("editor", "project", schedule),
    f"{SCHEDULES}.BackfillSchedule": Line("editor", "project", backfilled),
    f"{SCHEDULES}.ListNextRuns": Line("viewer", "project", schedule),
    f"{SCHEDULES}.ExplainSchedule": Line("viewer", "project", explained_schedule),
    f"{SCHEDULES}.ExplainIntegration": Line("viewer", "project", explained_integration),
    f"{SCHEDULES}.ListLocations": Line("viewer", "*", nothing),
    f"{EXECUTIONS}.ExecuteEvent": Line("editor", "project", event_of),
    f"{EXECUTIONS}.ListExecutions": Line("viewer", "project", executions_of_integration),
    f"{EXECUTIONS}.GetExecution": Line("viewer", "project", execution_of_integration),
    f"{EXECUTIONS}.DownloadExecution": Line("viewer", "project", execution_of_integration),
    f"{EXECUTIONS}.CancelExecution": Line("editor", "project", execution_of_integration),
    f"{INTEGRATIONS}.ListIntegrations": Line("viewer", "project", lambda w: {"parent": w.location}),
    f"{INTEGRATIONS}.SearchIntegrations": Line(
        "viewer", "project", lambda w: {"parent": w.location, "query": "nightly"}
    ),
    f"{INTEGRATIONS}.DeleteIntegration": Line("editor", "project", registered),
    f"{VERSIONS}.CreateIntegrationVersion": Line("editor", "project", draft_of),
    f"{VERSIONS}.UploadIntegrationVersion": Line(
        "editor", "project", lambda w: {"parent": draft_of(w)["parent"], "content": "{}"}
    ),
    f"{VERSIONS}.GetIntegrationVersion": Line("viewer", "project", draft),
    f"{VERSIONS}.DownloadIntegrationVersion": Line("viewer", "project", draft),
    f"{VERSIONS}.DownloadJsonPackage": Line("viewer", "project", draft),
    f"{VERSIONS}.ListIntegrationVersions": Line(
        "viewer", "project", lambda w: {"parent": draft_of(w)["parent"]}
    ),
    f"{VERSIONS}.UpdateIntegrationVersion": Line("editor", "project", changed_draft),
    f"{VERSIONS}.PublishIntegrationVersion": Line("editor", "project", draft),
    f"{VERSIONS}.UnpublishIntegrationVersion": Line("editor", "project", published),
    f"{VERSIONS}.DeleteIntegrationVersion": Line("editor", "project", draft),
    f"{EXECUTIONS_V2}.ListExecutions": Line("viewer", "project", executions_of_integration),
    f"{LONG_RUNNING}.ListOperations": Line("viewer", "project", lambda w: {"name": w.location}),
    f"{LONG_RUNNING}.GetOperation": Line("viewer", "project", execution),
    f"{LONG_RUNNING}.WaitOperation": Line(
        "viewer", "project", lambda w: {**execution(w), "timeout": "0.01s"}
    ),
    f"{LONG_RUNNING}.CancelOperation": Line("editor", "project", execution),
    f"{LONG_RUNNING}.DeleteOperation": Line("editor", "project", execution),
    f"{LOGS}.Write": Line("editor", "*", lambda _: written({"logGroupId": "e23other"})),
    f"{OTLP}.Export": Line("editor", "*", nothing),
    f"{EVENTS}.Publish": Line("editor", "*", lambda _: {"events": [EVENT]}),
    f"{EVENTS}.PublishCloudEvent": Line("editor", "*", lambda _: {"event": {}}),
    f"{EVENTS}.TestEvent": Line(
        "viewer", "folder", lambda w: {"event": EVENT, "folderId": w.folder}
    ),
    f"{EVENTS}.GetIntake": Line("viewer", "folder", trigger),
    f"{EVENTS}.ListIntakes": Line("viewer", "folder", lambda w: {"folderId": w.folder}),
    f"{FIRING}.FireTrigger": Line("editor", "folder", trigger),
    f"{FIRING}.NextFireTimes": Line("viewer", "folder", trigger),
    f"{FIRING}.Preview": Line(
        "viewer", "folder", lambda w: {"folderId": w.folder, "end": "2026-01-02T00:00:00Z"}
    ),
    f"{FIRING}.Explain": Line(
        "viewer", "folder", lambda w: {**trigger(w), "instant": "2026-01-02T00:00:00Z"}
    ),
    f"{FIRING}.ListMissed": Line("viewer", "folder", lambda w: {"folderId": w.folder}),
    f"{INVOCATIONS}.List": Line("viewer", "folder", trigger),
    f"{INVOCATIONS}.Get": Line("viewer", "folder", invocation),
    f"{INVOCATIONS}.Retry": Line("editor", "folder", invocation),
    f"{INVOCATIONS}.Cancel": Line("editor", "folder", invocation),
    f"{DEAD_LETTERS}.List": Line("viewer", "folder", trigger),
    f"{INVOCATIONS}.RetryMany": Line("editor", "folder", chosen),
    f"{INVOCATIONS}.CancelMany": Line("editor", "folder", chosen),
    f"{INVOCATIONS}.Resend": Line("editor", "folder", invocation),
    f"{DEAD_LETTERS}.Redrive": Line("editor", "folder", trigger),
    f"{OVERVIEW}.Get": Line("viewer", "folder", in_folder),
    f"{FOLDERS}.ListFolders": Line("viewer", "*", nothing),
    f"{DEAD_LETTERS}.ListCauses": Line("viewer", "folder", trigger),
    f"{DEAD_LETTERS}.RedriveMany": Line("editor", "folder", chosen_by_filter),
    f"{JOBS}.Get": Line("viewer", "folder", job),
    f"{JOBS}.List": Line("viewer", "folder", in_folder),
    f"{JOBS}.Cancel": Line("editor", "folder", job),
    f"{FOLDERS}.ListTriggers": Line("viewer", "folder", in_folder),
    f"{FOLDERS}.PauseTriggers": Line("editor", "folder", selected),
    f"{FOLDERS}.ResumeTriggers": Line("editor", "folder", selected),
    f"{FOLDERS}.DeleteTriggers": Line("editor", "folder", selected),
    f"{WATCH}.Watch": Line("viewer", "folder", lambda w: {"folderId": w.folder}),
    f"{WEBHOOKS}.NotifyObjectStorage": Line("sender", "", nothing),
    f"{WEBHOOKS}.NotifyContainerRegistry": Line("sender", "", nothing),
    f"{OTLP_HTTP}.ExportLogs": Line("sender", "", nothing),
    "tocsin.v1.TriggerSetupService.CreatePaused": Line(
        "editor", "folder", lambda w: {"trigger": {"folderId": w.folder, "rule": TIMER}}
    ),
    f"{DOCUMENTS}.ParseTriggers": Line("known", "", lambda _: {"text": "name: nightly"}),
    f"{DOCUMENTS}.RenderTriggers": Line(
        "known", "", lambda _: {"triggers": [{"name": "nightly"}], "form": "FORM_YAML"}
    ),
    "tocsin.v1.OpenIdService.GetConfiguration": Line("anyone", "", nothing),
    "tocsin.v1.OpenIdService.GetKeys": Line("anyone", "", nothing),
    "tocsin.v1.OpenApiService.GetYaml": Line("anyone", "", nothing),
    "tocsin.v1.OpenApiService.GetJson": Line("anyone", "", nothing),
    "tocsin.v1.ConsoleService.GetPage": Line("anyone", "", nothing),
    "tocsin.v1.ConsoleService.GetAsset": Line("anyone", "", nothing),
    f"{SETTINGS}.ReloadSettings": Line("admin", "*", nothing),
    f"{CLOCK}.Get": Line("viewer", "*", nothing),
    f"{CLOCK}.Advance": Line("editor", "*", lambda _: {"duration": "0s"}),
    f"{CLOCK}.AdvanceTo": Line("editor", "*", lambda _: {"instant": "2026-01-02T00:00:00Z"}),
}


def oauth_token(w: World) -> Json:
    asked = {"accountId": w.server.account(w.folder), "kind": "KIND_OAUTH_TOKEN"}
    made = w.server.admin.call(f"{ACCESS}.CreateCredential", asked)
    return {"yandexPassportOauthToken": made["secret"]}


def iam_token(w: World) -> Json:
    return {"iamToken": w.server.nobody.call(f"{IAM}.Create", oauth_token(w))["iamToken"]}


def account(w: World) -> Json:
    return {"accountId": w.server.account(w.folder)}


def key(w: World) -> Json:
    return {"keyId": w.server.admin.call(f"{ACCESS}.CreateKey", account(w))["key"]["id"]}


def credential(w: World) -> Json:
    asked = {**account(w), "kind": "KIND_API_KEY"}
    made = w.server.admin.call(f"{ACCESS}.CreateCredential", asked)
    return {"credentialId": made["credential"]["id"]}


def binding(w: World) -> Json:
    bound = {
        "resource": f"folders/{w.folder}",
        "subject": f"serviceAccount:{w.server.account(w.folder)}",
        "role": "viewer",
    }
    w.server.admin.call(f"{ACCESS}.AddBinding", {"binding": bound})
    return {"binding": bound}


LINES |= {
    f"{IAM}.Create": Line("anyone", "", oauth_token),
    f"{IAM}.CreateForServiceAccount": Line(
        "admin", "folder", lambda w: {"serviceAccountId": w.server.account(w.folder)}
    ),
    f"{IAM}.Revoke": Line("known", "", iam_token),
    f"{ENDPOINTS}.Get": Line("anyone", "", lambda _: {"apiEndpointId": "iam"}),
    f"{ENDPOINTS}.List": Line("anyone", "", nothing),
    f"{ACCESS}.CreateAccount": Line(
        "admin", "*", lambda w: {"kind": "KIND_SERVICE_ACCOUNT", "folderId": w.folder}
    ),
    f"{ACCESS}.WhoAmI": Line("known", "", nothing),
    f"{SESSIONS}.GetSignInOptions": Line("anyone", "", nothing),
    f"{SESSIONS}.SignIn": Line("anyone", "", lambda _: {"apiKey": "tocsin_key_x"}),
    f"{SESSIONS}.BeginSignIn": Line(
        "anyone", "", lambda _: {"issuer": "test", "redirectUri": "http://localhost/"}
    ),
    f"{SESSIONS}.CompleteSignIn": Line(
        "anyone", "", lambda _: {"code": "c", "state": "s", "redirectUri": "http://localhost/"}
    ),
    f"{SESSIONS}.SignOut": Line("known", "", nothing),
    f"{ACCESS}.GetAccount": Line("admin", "*", account),
    f"{ACCESS}.ListAccounts": Line("admin", "*", nothing),
    f"{ACCESS}.DeleteAccount": Line("admin", "*", account),
    f"{ACCESS}.RevokeTokens": Line("admin", "*", account),
    f"{ACCESS}.CreateKey": Line("admin", "*", account),
    f"{ACCESS}.ListKeys": Line("admin", "*", account),
    f"{ACCESS}.DeleteKey": Line("admin", "*", key),
    f"{ACCESS}.CreateCredential": Line(
        "admin", "*", lambda w: {**account(w), "kind": "KIND_API_KEY"}
    ),
    f"{ACCESS}.ListCredentials": Line("admin", "*", account),
    f"{ACCESS}.DeleteCredential": Line("admin", "*", credential),
    f"{ACCESS}.AddBinding": Line("admin", "*", binding),
    f"{ACCESS}.ListBindings": Line("admin", "*", nothing),
    f"{ACCESS}.RemoveBinding": Line("admin", "*", binding),
}
