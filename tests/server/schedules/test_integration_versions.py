"""Integrations that are registered over the API: drafts, published versions, and what runs."""

import json
import uuid
from typing import Any

import pytest

from stand.apis.google import GoogleApi, finished, schedule
from stand.apis.wire import Json, Refused
from stand.recording_target import Answer, Received, RecordingTarget


def rest_task(url: str, **fields: Any) -> Json:
    parameters = {
        "url": {"key": "url", "value": {"stringValue": url}},
        "httpMethod": {"key": "httpMethod", "value": {"stringValue": "POST"}},
    }
    return {"task": "GenericRestV2Task", "taskId": "1", "parameters": parameters, **fields}


def version_of(name: str, url: str, **fields: Any) -> Json:
    trigger = {
        "triggerType": "API",
        "triggerNumber": "1",
        "properties": {"Trigger name": name},
        "startTasks": [{"taskId": "1"}],
    }
    return {"triggerConfigs": [trigger], "taskConfigs": [rest_task(url)], **fields}


def create(google: GoogleApi, location: str, name: str, version: Json, **fields: Any) -> Json:
    parent = f"{location}/integrations/{name}"
    request = {"parent": parent, "integrationVersion": version, **fields}
    return google.call("CreateIntegrationVersion", request)


def publish(google: GoogleApi, version: Json, **fields: Any) -> None:
    google.call("PublishIntegrationVersion", {"name": version["name"], **fields})


def published(google: GoogleApi, location: str, name: str, url: str, **fields: Any) -> Json:
    version = create(google, location, name, version_of(name, url, **fields))
    publish(google, version)
    return version


def got(google: GoogleApi, version: Json) -> Json:
    return google.call("GetIntegrationVersion", {"name": version["name"]})


def refused(google: GoogleApi, method: str, request: Json) -> Refused:
    with pytest.raises(Refused) as caught:
        google.call(method, request)
    return caught.value


def received_at(target: RecordingTarget, path: str) -> list[Received]:
    return target.all(lambda request: request.path == path)


def fields_of(error: Refused) -> list[str]:
    [bad] = [each for each in error.details if each["@type"].endswith("BadRequest")]
    return [violation["field"] for violation in bad["fieldViolations"]]


@pytest.fixture
def url(target: RecordingTarget) -> str:
    return f"{target.url}/{uuid.uuid4()}"


def test_a_published_version_is_run_by_its_trigger(
    google: GoogleApi, location: str, target: RecordingTarget, url: str
) -> None:
    path = url.removeprefix(target.url)
    target.answers[path] = lambda _: Answer(200, b'{"done": true}')
    version = published(google, location, "orders", url)
    [execution_id] = schedule(google, location, "orders", inputParameters={"n": {"intValue": "3"}})
    assert finished(google, location, execution_id)["response"]
    [received] = received_at(target, path)
    assert received.json["integration"] == "orders"
    assert received.json["parameters"] == {"n": 3}
    name = f"{location}/integrations/orders/executions/{execution_id}"
    assert google.call("GetExecution", {"name": name})["snapshotNumber"] == "1"
    assert got(google, version)["state"] == "ACTIVE"


def test_a_draft_does_not_run(google: GoogleApi, location: str, url: str) -> None:
    create(google, location, "drafted", version_of("drafted", url))
    with pytest.raises(Refused) as caught:
        schedule(google, location, "drafted")
    assert caught.value.code == "NOT_FOUND"


def test_what_is_not_run_is_returned_as_it_was_sent(
    google: GoogleApi, location: str, url: str
) -> None:
    sent = version_of(
        "kept",
        url,
        description="Keeps all",
        taskConfigs=[
            rest_task(url, position={"x": "10", "y": "-3"}, nextTasks=[{"taskId": "2"}]),
            {"task": "JavaScriptTask", "taskId": "2", "parameters": {"script": {"n": 1.5}}},
        ],
        errorCatcherConfigs=[{"label": "catcher", "startErrorTasks": [{"taskId": "3"}]}],
        teardown={"teardownTaskConfigs": []},
        cloudLoggingDetails={"enableCloudLogging": True},
        databasePersistencePolicy="DATABASE_PERSISTENCE_ASYNC",
        userLabel="spring",
    )
    version = got(google, create(google, location, "kept", sent))
    sent["triggerConfigs"][0]["triggerId"] = "api_trigger/kept"
    assert {key: version[key] for key in sent} == sent
    assert version["state"] == version["status"] == "DRAFT"
    assert version["snapshotNumber"] == "1"
    assert version["createTime"] == version["updateTime"]


def test_publishing_another_version_makes_the_first_a_snapshot(
    google: GoogleApi, location: str, target: RecordingTarget, url: str
) -> None:
    first = published(google, location, "twice", f"{url}-first")
    second = published(google, location, "twice", f"{url}-second")
    assert got(google, first)["state"] == "SNAPSHOT"
    assert got(google, second)["snapshotNumber"] == "2"
    [execution_id] = schedule(google, location, "twice")
    finished(google, location, execution_id)
    path = url.removeprefix(target.url)
    assert not received_at(target, f"{path}-first")
    assert len(received_at(target, f"{path}-second")) == 1
    publish(google, first)
    assert got(google, second)["state"] == "SNAPSHOT"


def test_what_was_scheduled_keeps_the_url_of_its_version(
    google: GoogleApi, location: str, target: RecordingTarget, url: str
) -> None:
    published(google, location, "moved", f"{url}-old")
    later = {"scheduleTime": "2099-01-01T00:00:00Z"}
    [execution_id] = schedule(google, location, "moved", **later)
    published(google, location, "moved", f"{url}-new")
    name = f"{location}/integrations/moved"
    request = {"name": name, "triggerId": "api_trigger/moved", "executionId": execution_id}
    google.call("ExecuteIntegrations", request)
    assert len(received_at(target, f"{url.removeprefix(target.url)}-old")) == 1


@pytest.mark.parametrize("method", ["PublishIntegrationVersion", "UpdateIntegrationVersion"])
def test_what_is_published_is_neither_published_again_nor_changed(
    google: GoogleApi, location: str, url: str, method: str
) -> None:
    version = published(google, location, "fixed", url)
    request: Json = {"name": version["name"]}
    if method == "UpdateIntegrationVersion":
        request["integrationVersion"] = {"description": "new"}
    assert refused(google, method, request).code == "FAILED_PRECONDITION"


def test_a_version_that_was_taken_back_does_not_run(
    google: GoogleApi, location: str, url: str
) -> None:
    version = published(google, location, "back", url)
    request = {"name": version["name"]}
    google.call("UnpublishIntegrationVersion", request)
    assert got(google, version)["state"] == "SNAPSHOT"
    with pytest.raises(Refused) as caught:
        schedule(google, location, "back")
    assert caught.value.code == "NOT_FOUND"
    again = refused(google, "UnpublishIntegrationVersion", request)
    assert again.code == "FAILED_PRECONDITION"


def test_a_deleted_version_is_archived_and_can_not_be_published(
    google: GoogleApi, location: str, url: str
) -> None:
    version = create(google, location, "gone", version_of("gone", url))
    google.call("DeleteIntegrationVersion", {"name": version["name"]})
    assert got(google, version)["state"] == "ARCHIVED"
    error = refused(google, "PublishIntegrationVersion", {"name": version["name"]})
    assert error.code == "FAILED_PRECONDITION"


def test_an_integration_is_deleted_with_its_versions_once_none_is_published(
    google: GoogleApi, location: str, url: str
) -> None:
    version = published(google, location, "whole", url)
    request = {"name": f"{location}/integrations/whole"}
    assert refused(google, "DeleteIntegration", request).code == "FAILED_PRECONDITION"
    google.call("UnpublishIntegrationVersion", {"name": version["name"]})
    google.call("DeleteIntegration", request)
    assert refused(google, "DeleteIntegration", request).code == "NOT_FOUND"
    error = refused(google, "GetIntegrationVersion", {"name": version["name"]})
    assert error.code == "NOT_FOUND"


def test_a_draft_is_changed_by_its_mask(google: GoogleApi, location: str, url: str) -> None:
    version = create(google, location, "edited", version_of("edited", url, description="old"))
    sent = {"description": "new", "userLabel": "ignored"}
    request = {"name": version["name"], "integrationVersion": sent, "updateMask": "description"}
    changed = google.call("UpdateIntegrationVersion", request)
    assert changed["description"] == "new"
    assert "userLabel" not in changed
    assert changed["taskConfigs"] == version["taskConfigs"]
    wrong = refused(google, "UpdateIntegrationVersion", {**request, "updateMask": "flavour"})
    assert wrong.code == "INVALID_ARGUMENT"


def test_integrations_of_the_settings_are_listed_and_only_read(
    google: GoogleApi, location: str, url: str
) -> None:
    listed = google.call("ListIntegrations", {"parent": location})["integrations"]
    [nightly] = [each for each in listed if each["name"].endswith("/answering")]
    assert nightly["active"]
    assert nightly["description"] == "From the settings: change it there."
    parent = f"{location}/integrations/answering"
    request = {"parent": parent, "integrationVersion": version_of("answering", url)}
    error = refused(google, "CreateIntegrationVersion", request)
    assert error.code == "FAILED_PRECONDITION"
    assert "settings" in error.message


def test_lists_are_filtered_ordered_and_paged(google: GoogleApi, location: str, url: str) -> None:
    for name in ("list-a", "list-b", "list-c"):
        create(google, location, name, version_of(name, url, description=f"The {name}"))
    publish(google, create(google, location, "list-b", version_of("list-b", url)))
    request = {"parent": location, "filter": "name:list-", "orderBy": "name desc", "pageSize": 2}
    page = google.call("ListIntegrations", request)
    names = [each["name"].rpartition("/")[2] for each in page["integrations"]]
    assert names == ["list-c", "list-b"]
    assert [each.get("active", False) for each in page["integrations"]] == [False, True]
    rest = google.call("ListIntegrations", {**request, "pageToken": page["nextPageToken"]})
    assert [each["description"] for each in rest["integrations"]] == ["The list-a"]
    parent = f"{location}/integrations/-"
    active = google.call("ListIntegrationVersions", {"parent": parent, "filter": "state=ACTIVE"})
    [version] = active["integrationVersions"]
    assert version["snapshotNumber"] == "2"
    parent = f"{location}/integrations/list-b"
    request = {"parent": parent, "pageSize": 1, "fieldMask": "snapshotNumber"}
    page = google.call("ListIntegrationVersions", request)
    assert [set(each) for each in page["integrationVersions"]] == [{"name", "snapshotNumber"}]
    rest = google.call("ListIntegrationVersions", {**request, "pageToken": page["nextPageToken"]})
    assert [each["snapshotNumber"] for each in rest["integrationVersions"]] == ["1"]
    assert not rest.get("nextPageToken")


def test_integrations_are_found_by_words(google: GoogleApi, location: str, url: str) -> None:
    version = version_of("invoices", url, description="Sends bills to Customers")
    create(google, location, "invoices", version)
    found = google.call("SearchIntegrations", {"parent": location, "query": "customers BILLS"})
    [result] = found["integrations"]
    assert (result["id"], result["status"]) == ("invoices", "DRAFT")
    request = {"parent": location, "query": "bills", "filter": 'status: ANY("ACTIVE")'}
    assert not google.call("SearchIntegrations", request).get("integrations")


@pytest.mark.parametrize("form", ["JSON", "YAML"])
def test_what_was_downloaded_can_be_uploaded(
    google: GoogleApi, location: str, url: str, form: str
) -> None:
    version = create(google, location, "copied", version_of("copied", url, description="A: b"))
    request = {"name": version["name"], "fileFormat": form}
    content = google.call("DownloadIntegrationVersion", request)["content"]
    parent = f"{location}/integrations/copy"
    request = {"parent": parent, "content": content, "fileFormat": form}
    made = google.call("UploadIntegrationVersion", request)["integrationVersion"]
    for field in ("description", "taskConfigs", "triggerConfigs"):
        assert made[field] == version[field]
    assert made["name"].startswith(parent)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("{", "JSON"),
        ("[1]", "JSON"),
        ('{"flavour": 1}', "JSON"),
        ("a: &a [1]\nb: *a", "YAML"),
        ("x", "WORKFLOW_TEXTPROTO"),
    ],
)
def test_text_that_is_not_a_version_is_refused(
    google: GoogleApi, location: str, content: str, form: str
) -> None:
    request = {"parent": f"{location}/integrations/x", "content": content, "fileFormat": form}
    assert refused(google, "UploadIntegrationVersion", request).code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/",
        "http://10.1.2.3/",
        "http://[::ffff:10.1.2.3]/",
        "ftp://example.com/",
        "http://someone:secret@example.com/",
        "not a url",
        "http://2130706433/",
    ],
)
def test_a_url_that_must_not_be_called_is_refused(
    google: GoogleApi, location: str, url: str
) -> None:
    parent = f"{location}/integrations/outwards"
    request = {"parent": parent, "integrationVersion": version_of("outwards", url)}
    error = refused(google, "CreateIntegrationVersion", request)
    [field] = fields_of(error)
    assert field == "integration_version.task_configs[0].parameters[url].value.string_value"
    assert "secret" not in error.message


def test_all_that_stands_in_the_way_of_publishing_is_named_at_once(
    google: GoogleApi, location: str, url: str
) -> None:
    policy = {"retryStrategy": "FIXED_INTERVAL", "maxRetries": 1000, "intervalTime": "soon"}
    conditional = {"failurePolicies": [{"condition": "x", "retryStrategy": "IGNORE"}]}
    task = rest_task(url, failurePolicy=policy, conditionalFailurePolicies=conditional)
    task["parameters"]["httpMethod"]["value"]["stringValue"] = "GET"
    version = create(
        google, location, "wrong", {"taskConfigs": [task], "triggerConfigs": [{"label": "none"}]}
    )
    error = refused(google, "PublishIntegrationVersion", {"name": version["name"]})
    task_path = "integration_version.task_configs[0]"
    conditional_path = f"{task_path}.conditionalFailurePolicies.failurePolicies[0]"
    assert set(fields_of(error)) == {
        "integration_version.trigger_configs[0].trigger_id",
        f"{task_path}.parameters[httpMethod].value.string_value",
        f"{task_path}.failurePolicy.maxRetries",
        f"{task_path}.failurePolicy.intervalTime",
        f"{conditional_path}.condition",
        f"{conditional_path}.retryStrategy",
    }
    assert got(google, version)["state"] == "DRAFT"


def test_a_version_without_anything_to_call_is_not_published(
    google: GoogleApi, location: str
) -> None:
    version = create(google, location, "empty", {})
    error = refused(google, "PublishIntegrationVersion", {"name": version["name"]})
    assert set(fields_of(error)) == {
        "integration_version.task_configs",
        "integration_version.trigger_configs",
    }


def test_a_check_alone_publishes_nothing(google: GoogleApi, location: str, url: str) -> None:
    version = create(google, location, "checked", version_of("checked", url))
    publish(google, version, validateOnly=True)
    assert got(google, version)["state"] == "DRAFT"


def test_the_url_may_be_that_of_a_config_parameter(
    google: GoogleApi, location: str, target: RecordingTarget, url: str
) -> None:
    config = {"parameter": {"key": "`CONFIG_url`", "defaultValue": {"stringValue": f"{url}-usual"}}}
    sent = version_of("configured-url", "$`CONFIG_url`$", integrationConfigParameters=[config])
    version = create(google, location, "configured-url", sent)
    publish(google, version, configParameters={"`CONFIG_url`": f"{url}-given"})
    [execution_id] = schedule(google, location, "configured-url")
    finished(google, location, execution_id)
    assert len(received_at(target, f"{url.removeprefix(target.url)}-given")) == 1


def test_a_config_parameter_without_a_value_is_named(google: GoogleApi, location: str) -> None:
    version = create(google, location, "lacking", version_of("lacking", "$`CONFIG_url`$"))
    with pytest.raises(Refused) as refused:
        publish(google, version)
    [told] = refused.value.fields.values()
    assert told == "the config parameter `CONFIG_url` has no value, which is the URL to call"
    publish(google, version, configParameters={"`CONFIG_url`": "http://127.0.0.1:9/"})


def test_a_failed_call_is_repeated_as_the_policy_says(
    google: GoogleApi, location: str, target: RecordingTarget, url: str
) -> None:
    path = url.removeprefix(target.url)
    answers = [Answer(500), Answer(200, b"{}")]
    target.answers[path] = lambda _: answers.pop(0)
    policy = {"retryStrategy": "FIXED_INTERVAL", "maxRetries": 1, "intervalTime": "1s"}
    published(google, location, "again", url, taskConfigs=[rest_task(url, failurePolicy=policy)])
    [execution_id] = schedule(google, location, "again")
    assert finished(google, location, execution_id)["response"]
    assert len(received_at(target, path)) == 2


def test_names_are_those_of_a_location_alone(google: GoogleApi, location: str, url: str) -> None:
    published(google, location, "local", url)
    elsewhere = location.replace("/locations/", "/locations/other-")
    with pytest.raises(Refused) as caught:
        schedule(google, elsewhere, "local")
    assert caught.value.code == "NOT_FOUND"


def test_a_new_integration_must_be_new_if_the_caller_says_so(
    google: GoogleApi, location: str, url: str
) -> None:
    create(google, location, "once", version_of("once", url), newIntegration=True)
    parent = f"{location}/integrations/once"
    request = {"parent": parent, "integrationVersion": {}, "newIntegration": True}
    assert refused(google, "CreateIntegrationVersion", request).code == "ALREADY_EXISTS"


def test_two_triggers_of_one_id_are_refused(google: GoogleApi, location: str) -> None:
    version = {"triggerConfigs": [{"triggerId": "api_trigger/a"}, {"triggerId": "api_trigger/a"}]}
    request = {"parent": f"{location}/integrations/pair", "integrationVersion": version}
    error = refused(google, "CreateIntegrationVersion", request)
    assert fields_of(error) == ["integration_version.trigger_configs[1].trigger_id"]
    assert json.dumps(error.details).count("twice") == 1
