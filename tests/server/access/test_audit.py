"""The audit log: a line for each change, and for each call that is denied."""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from stand.access.guarded import Caller, Guarded, guarded
from stand.apis.rules import ACCOUNT
from stand.apis.triggers import TIMER
from stand.apis.wire import Json, send
from stand.tocsin_process import run_tocsin, serving
from tocsin.access.permissions.needs import NEEDS

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"
VENDOR = "yandex.cloud.audit.serverless.triggers"
SECRET = "a payload that is nobody else's business"

CONFIG = """
    clock = "manual"

    [audit]
    to = "{file}"

    [integrations.nightly]
    triggers = ["api_trigger/nightly"]
    url = "http://127.0.0.1:1/"
"""


@dataclass(frozen=True)
class Audited:
    server: Guarded
    file: Path

    def lines_of(self, work: Callable[[], object]) -> list[Json]:
        """What is written down while something is done."""
        return self.lines_and_answer(work)[0]

    def lines_and_answer(self, work: Callable[[], object]) -> tuple[list[Json], object]:
        before = len(self.file.read_text().splitlines())
        answer = work()
        return [json.loads(each) for each in self.file.read_text().splitlines()[before:]], answer


@pytest.fixture
def directory() -> Iterator[Path]:
    """An empty directory for a server of the test's own."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(scope="module")
def audited() -> Iterator[Audited]:
    with tempfile.TemporaryDirectory() as made:
        file = Path(made) / "audit.jsonl"
        with guarded(Path(made), CONFIG.format(file=file)) as server:
            yield Audited(server, file)


def timer(payload: str) -> Json:
    return {"timer": {**TIMER["timer"], "payload": payload}}


def test_a_line_says_who_did_what_to_what_and_how_it_ended(audited: Audited, folder: str) -> None:
    editor = audited.server.caller(editor=f"folders/{folder}")
    answers: list[Json] = []

    def create() -> None:
        request = {"folderId": folder, "name": "audited", "rule": timer(SECRET)}
        answers.append(editor.call(f"{TRIGGERS}.Create", request, x_request_id="asked-for-once"))

    [line] = audited.lines_of(create)
    [operation] = answers
    assert line["time"].endswith("Z")
    assert line.pop("timestamp") == line.pop("time")
    assert line == {
        "level": "info",
        "event": f"{VENDOR}.CreateTrigger",
        "method": f"{TRIGGERS}.Create",
        "subject": editor.subject,
        "resources": [f"folders/{folder}"],
        "outcome": {"code": "OK"},
        "request_id": "asked-for-once",
        "peer": "127.0.0.1",
        "made": {
            "triggers": [operation["response"]["id"]],
            "operations": [operation["id"]],
        },
    }
    # Neither what was sent, nor by which credential.
    written = audited.file.read_text()
    assert SECRET not in written
    assert editor.credential is not None
    assert editor.credential.split()[1] not in written


def changes_of_access(caller: Caller, folder: str) -> dict[str, Json]:
    access, iam = "tocsin.v1.AccessService", "yandex.cloud.iam.v1.IamTokenService"
    described = {"kind": "KIND_SERVICE_ACCOUNT", "folderId": folder}

    def account() -> Json:
        return {"accountId": caller.call(f"{access}.CreateAccount", described)["account"]["id"]}

    lasting = account()
    key = caller.call(f"{access}.CreateKey", lasting)["key"]
    oauth = {**lasting, "kind": "KIND_OAUTH_TOKEN"}
    credential = caller.call(f"{access}.CreateCredential", oauth)["credential"]
    secret = caller.call(f"{access}.CreateCredential", oauth)["secret"]
    proof = {"yandexPassportOauthToken": secret}
    token = caller.call(f"{iam}.Create", proof)["iamToken"]
    subject = f"serviceAccount:{lasting['accountId']}"
    binding = {"resource": f"folders/{folder}", "subject": subject, "role": "viewer"}
    return {
        f"{iam}.Create": proof,
        f"{iam}.CreateForServiceAccount": {"serviceAccountId": lasting["accountId"]},
        f"{iam}.Revoke": {"iamToken": token},
        f"{access}.CreateAccount": described,
        f"{access}.DeleteAccount": account(),
        f"{access}.RevokeTokens": account(),
        f"{access}.CreateKey": lasting,
        f"{access}.DeleteKey": {"keyId": key["id"]},
        f"{access}.CreateCredential": oauth,
        f"{access}.DeleteCredential": {"credentialId": credential["id"]},
        f"{access}.AddBinding": {"binding": binding},
        f"{access}.RemoveBinding": {"binding": binding},
    }


def changes(caller: Caller, folder: str) -> dict[str, Callable[[], object]]:
    """Each method that changes something, called so that it does."""
    location = f"projects/{folder}/locations/local"

    def created() -> str:
        return str(
            caller.call(f"{TRIGGERS}.Create", {"folderId": folder, "rule": TIMER})["response"]["id"]
        )

    trigger_id = created()
    operation = caller.call(f"{TRIGGERS}.Pause", {"triggerId": trigger_id})["id"]
    fired = caller.call("tocsin.v1.FiringService.FireTrigger", {"triggerId": trigger_id})
    of_folder = {"filter": {"folderId": folder, "states": []}}
    invocation = {"invocationId": fired["invocations"][0]["id"]}
    schedule = {
        "name": f"{location}/integrations/nightly",
        "triggerId": "api_trigger/nightly",
        "scheduleTime": "2099-01-01T00:00:00Z",
    }
    executions = "google.cloud.integrations.v1alpha.Executions"
    versions = "google.cloud.integrations.v1alpha.IntegrationVersions"
    second = "google.cloud.integrations.v2.Executions"
    schedules = "tocsin.v1.ScheduleService"
    # What names nothing is written down as well as what does.
    nothing = {"name": f"{location}/integrations/nightly/versions/1"}
    no_schedule = {"name": f"{location}/schedules/nothing"}
    run_now = {"name": f"{location}/integrations/nightly", "triggerId": "api_trigger/nightly"}
    by_parent = {"parent": run_now["name"], "triggerId": "api_trigger/nightly"}
    no_execution = {"name": f"{location}/integrations/nightly/executions/nothing"}
    scheduled = caller.call(f"{executions}.ScheduleIntegrations", schedule)
    execution = {"name": f"{location}/operations/{scheduled['executionInfoIds'][0]}"}
    event = {"objectStorage": {"change": "OBJECT_CHANGE_CREATE", "bucketId": "b"}}
    requests: dict[str, Json] = {
        f"{TRIGGERS}.Create": {"folderId": folder, "rule": TIMER},
        f"{TRIGGERS}.Update": {"triggerId": trigger_id, "updateMask": "name", "name": "new"},
        f"{TRIGGERS}.Pause": {"triggerId": trigger_id},
        f"{TRIGGERS}.Resume": {"triggerId": trigger_id},
        f"{TRIGGERS}.Delete": {"triggerId": created()},
        "yandex.cloud.operation.OperationService.Cancel": {"operationId": operation},
        f"{executions}.ScheduleIntegrations": schedule,
        f"{executions}.ExecuteIntegrations": run_now,
        f"{executions}.TestIntegrations": run_now,
        f"{executions}.ExecuteEvent": run_now,
        f"{executions}.ReplayExecution": no_execution,
        f"{executions}.CancelExecution": no_execution,
        f"{second}.ScheduleIntegration": by_parent,
        f"{second}.ExecuteIntegration": by_parent,
        "google.cloud.integrations.v1alpha.Integrations.DeleteIntegration": nothing,
        f"{versions}.CreateIntegrationVersion": {"parent": run_now["name"]},
        f"{versions}.UploadIntegrationVersion": {"parent": run_now["name"]},
        f"{versions}.UpdateIntegrationVersion": {"integrationVersion": nothing},
        f"{versions}.PublishIntegrationVersion": nothing,
        f"{versions}.UnpublishIntegrationVersion": nothing,
        f"{versions}.DeleteIntegrationVersion": nothing,
        f"{schedules}.BatchSchedule": {"parent": location, "requests": [schedule]},
        f"{schedules}.CreateSchedule": {"parent": location},
        f"{schedules}.UpdateSchedule": {"schedule": no_schedule},
        f"{schedules}.DeleteSchedule": no_schedule,
        f"{schedules}.PauseSchedule": no_schedule,
        f"{schedules}.ResumeSchedule": no_schedule,
        f"{schedules}.BackfillSchedule": no_schedule,
        "google.longrunning.Operations.CancelOperation": execution,
        "google.longrunning.Operations.DeleteOperation": execution,
        "tocsin.v1.EventService.Publish": {"events": [event]},
        "tocsin.v1.EventService.PublishCloudEvent": {"event": {}},
        "tocsin.v1.FiringService.FireTrigger": {"triggerId": trigger_id},
        "tocsin.v1.TriggerSetupService.CreatePaused": {
            "trigger": {"folderId": folder, "rule": TIMER}
        },
        "tocsin.v1.InvocationService.Retry": invocation,
        "tocsin.v1.InvocationService.Cancel": invocation,
        "tocsin.v1.InvocationService.RetryMany": {"selection": of_folder},
        "tocsin.v1.InvocationService.CancelMany": {"selection": of_folder},
        "tocsin.v1.InvocationService.Resend": invocation,
        "tocsin.v1.JobService.Cancel": {"jobId": "no-such-job"},
        "tocsin.v1.DeadLetterService.RedriveMany": {"selection": of_folder},
        "tocsin.v1.DeadLetterService.Redrive": {"triggerId": trigger_id},
        "tocsin.v1.FolderService.PauseTriggers": {"folderId": folder},
        "tocsin.v1.FolderService.ResumeTriggers": {"folderId": folder},
        "tocsin.v1.FolderService.DeleteTriggers": {"folderId": folder},
        **changes_of_access(caller, folder),
        "tocsin.v1.SettingsService.ReloadSettings": {},
        "tocsin.v1.ClockService.Advance": {"duration": "0s"},
        "tocsin.v1.ClockService.AdvanceTo": {"instant": "2000-01-01T00:00:00Z"},
    }
    return {method: partial(caller.code, method, request) for method, request in requests.items()}


def test_each_change_is_written_down_once_and_nothing_else(audited: Audited, folder: str) -> None:
    admin = audited.server.admin
    called = changes(admin, folder)
    changing = {method for method, need in NEEDS.items() if need.event}
    # Browsers alone sign in and out: `sessions/test_keys.py` reads the lines of that.
    assert called.keys() == {each for each in changing if "SessionService" not in each}
    for method, call in called.items():
        lines, code = audited.lines_and_answer(call)
        [line] = lines
        assert (line["method"], line["event"]) == (method, NEEDS[method].event)
        assert line["outcome"]["code"] == code
        # Of one who asks for a token it tells whom the proof proved.
        proven = method == "yandex.cloud.iam.v1.IamTokenService.Create"
        assert line["subject"].startswith("serviceAccount:" if proven else admin.subject)
    reads = [
        (f"{TRIGGERS}.List", {"folderId": folder}),
        ("tocsin.v1.InvocationService.List", {}),
        ("tocsin.v1.ClockService.Get", {}),
    ]
    for method, request in reads:
        assert audited.lines_of(partial(admin.call, method, request)) == []


def test_a_change_that_failed_says_why(audited: Audited, folder: str) -> None:
    request = {"folderId": folder, "name": "twice", "rule": TIMER}
    admin = audited.server.admin
    admin.call(f"{TRIGGERS}.Create", request)
    [line] = audited.lines_of(lambda: admin.code(f"{TRIGGERS}.Create", request))
    assert line["outcome"] == {"code": "ALREADY_EXISTS", "reason": "TRIGGER_NAME_TAKEN"}


def test_each_denial_is_written_down(audited: Audited, folder: str) -> None:
    server, request = audited.server, {"folderId": folder}
    [unknown] = audited.lines_of(lambda: server.nobody.code(f"{TRIGGERS}.List", request))
    assert unknown["event"] == f"{TRIGGERS}.List"
    assert unknown["subject"] is None
    assert unknown["outcome"] == {"code": "UNAUTHENTICATED", "reason": "CREDENTIALS_MISSING"}
    stranger = server.caller()
    [denied] = audited.lines_of(lambda: stranger.code(f"{TRIGGERS}.List", request))
    assert denied["subject"] == stranger.subject
    assert denied["resources"] == [f"folders/{folder}"]
    assert denied["outcome"] == {
        "code": "PERMISSION_DENIED",
        "reason": "IAM_PERMISSION_DENIED",
        "permission": "serverless.triggers.list",
        "resource": f"folders/{folder}",
    }


def test_a_service_account_that_may_not_be_used_is_named(audited: Audited, folder: str) -> None:
    manager = audited.server.caller(**{"functions.editor": f"folders/{folder}"})
    function = {"functionId": "d4e0", "serviceAccountId": ACCOUNT}
    rule = {"timer": {**TIMER["timer"], "invokeFunctionWithRetry": function}}
    request = {"folderId": folder, "rule": rule}
    [line] = audited.lines_of(lambda: manager.code(f"{TRIGGERS}.Create", request))
    assert line["outcome"]["resource"] == f"serviceAccounts/{ACCOUNT}"


def test_what_is_long_is_cut(audited: Audited) -> None:
    request = {"triggerId": "t" * 5000}
    stranger = audited.server.caller()
    [line] = audited.lines_of(lambda: stranger.code("tocsin.v1.EventService.GetIntake", request))
    assert len(json.dumps(line)) < 1500
    many = {"triggerIds": [f"t{number}" for number in range(50)], "end": "2099-01-01T00:00:00Z"}
    [line] = audited.lines_of(lambda: stranger.code("tocsin.v1.FiringService.Preview", many))
    assert len(line["resources"]) == 11
    assert line["resources"][-1] == "… 40 more"


def test_over_rest_it_says_where_from_in_envoys_words(audited: Audited, folder: str) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7", "X-Tocsin-Peer": "203.0.113.8"}
    path = f"/triggers/v1/triggers?folderId={folder}"
    address = audited.server.tocsin.http_address
    [line] = audited.lines_of(lambda: send(address, "GET", path, headers=headers))
    assert line["peer"] == "127.0.0.1"
    # Over gRPC it is a header like any other.
    nobody = audited.server.nobody
    [line] = audited.lines_of(
        lambda: nobody.refusal(
            f"{TRIGGERS}.List", {"folderId": folder}, x_tocsin_peer="203.0.113.8"
        )
    )
    assert line["peer"] == "127.0.0.1"


def test_a_file_that_was_moved_away_is_begun_anew(audited: Audited, folder: str) -> None:
    moved = audited.file.with_name("audit.jsonl.1")
    nobody, request = audited.server.nobody, {"folderId": folder}
    nobody.code(f"{TRIGGERS}.List", request)
    audited.file.rename(moved)
    kept = moved.read_text()
    nobody.code(f"{TRIGGERS}.List", request)
    assert len(audited.file.read_text().splitlines()) == 1
    assert moved.read_text() == kept
    assert audited.file.stat().st_mode & 0o777 == 0o600


def test_a_line_that_can_not_be_written_is_told_in_the_log(directory: Path, folder: str) -> None:
    config = '[audit]\nto = "/dev/full"'
    with guarded(directory, config, "--log-format", "json", http="off") as server:
        admin = server.admin
        assert admin.code(f"{TRIGGERS}.Create", {"folderId": folder, "rule": TIMER}) == "OK"
    told = [json.loads(each) for each in server.tocsin.log.read_text().splitlines()]
    [lost] = [each for each in told if each["event"] == "could not write a line of the audit log"]
    assert lost["level"] == "error"
    assert lost["audit"]["event"] == f"{VENDOR}.CreateTrigger"
    assert lost["audit"]["subject"] == admin.subject


def test_with_access_control_it_goes_to_stderr_unless_told_otherwise(
    directory: Path, folder: str
) -> None:
    with guarded(directory, http="off") as server:
        server.nobody.code(f"{TRIGGERS}.List", {"folderId": folder})
    lines = [each for each in server.tocsin.log.read_text().splitlines() if each[0] == "{"]
    [line] = [json.loads(each) for each in lines]
    assert line["outcome"]["code"] == "UNAUTHENTICATED"


def test_without_access_control_it_can_be_kept_too(directory: Path, folder: str) -> None:
    file = directory / "audit.jsonl"
    with serving(directory, f'[audit]\nto = "{file}"') as server:
        body = json.dumps({"folderId": folder, "rule": TIMER}).encode()
        assert send(server.http_address, "POST", "/triggers/v1/triggers", body).status == 200
    [line] = [json.loads(each) for each in file.read_text().splitlines()]
    assert (line["event"], line["subject"]) == (f"{VENDOR}.CreateTrigger", None)


def test_a_file_that_can_not_be_opened_is_told_at_the_start(directory: Path) -> None:
    config = directory / "tocsin.toml"
    config.write_text(f'[audit]\nto = "{directory}/none/audit.jsonl"')
    ended = run_tocsin(
        "serve",
        *("--listen", "127.0.0.1:0", "--http", "off", "--config", str(config)),
        *("--database", f"sqlite:///{directory}/t.db"),
    )
    assert ended.status != 0
    assert "audit log can't be written" in ended.stderr
