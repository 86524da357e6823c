"""A page token leads its own caller to the next page of its own list, and nobody anywhere else."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from stand.access.guarded import METHODS, Caller, Guarded, guarded
from stand.access.methods import (
    ACCESS,
    CONFIG,
    DEAD_LETTERS,
    EVENT,
    EVENTS,
    EXECUTIONS,
    EXECUTIONS_V2,
    FIRING,
    FOLDERS,
    INTEGRATIONS,
    INVOCATIONS,
    JOBS,
    LONG_RUNNING,
    SCHEDULES,
    TRIGGERS,
    VERSIONS,
    World,
    job,
    new_world,
    schedule,
)
from stand.apis.triggers import TIMER
from stand.apis.wire import Json

LONGEST = 100


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with tempfile.TemporaryDirectory() as made, guarded(Path(made), CONFIG) as running:
        yield running


@pytest.fixture
def world(server: Guarded) -> World:
    return new_world(server)


class List(NamedTuple):
    """What makes a list of several pages, and an argument that makes another list of it."""

    of: Callable[[World], Json]
    other: Callable[[World], Json]


def of_folder(w: World) -> Json:
    return {"folderId": w.folder, "one": w.trigger(), "two": w.trigger()}


def operations(w: World) -> Json:
    trigger_id = w.trigger()
    w.server.admin.call(f"{TRIGGERS}.Pause", {"triggerId": trigger_id})
    return {"triggerId": trigger_id}


def invocations(w: World) -> Json:
    trigger_id = w.trigger()
    for _ in range(2):
        w.server.admin.call(f"{FIRING}.FireTrigger", {"triggerId": trigger_id})
    return {"triggerId": trigger_id}


def jobs(w: World) -> Json:
    return {"folderId": w.folder, "one": job(w), "two": job(w)}


def executions(w: World) -> Json:
    return {"name": w.location, "one": w.execution(), "two": w.execution()}


def integration(w: World) -> Json:
    parent = f"{w.location}/integrations/nightly"
    return {"parent": parent, "one": w.execution(), "two": w.execution()}


def registered(w: World) -> Json:
    return {"parent": w.location, "one": w.version("one"), "two": w.version("two")}


def versions(w: World) -> Json:
    parent = f"{w.location}/integrations/orders"
    return {"parent": parent, "one": w.version("orders"), "two": w.version("orders")}


def schedules(w: World) -> Json:
    return {"parent": w.location, "one": schedule(w), "two": schedule(w)}


def previewed(w: World) -> Json:
    rule = {"timer": {"cronExpression": "* * * * ? *", "invokeFunction": {"functionId": "f"}}}
    w.trigger(rule=rule)
    return {
        "folderId": w.folder,
        "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-01T00:10:00Z",
    }


def accounts(w: World) -> Json:
    return {
        "folderId": w.folder,
        "one": w.server.account(w.folder),
        "two": w.server.account(w.folder),
    }


def bindings(w: World) -> Json:
    subject = f"serviceAccount:{w.server.account(w.folder)}"
    for role in ("viewer", "roles/integrations.integrationViewer"):
        w.server.bind(subject, role, f"folders/{w.folder}")
    return {"resource": f"folders/{w.folder}"}


def two_folders(w: World) -> Json:
    for folder in (w.folder, f"{w.folder}x"):
        w.server.admin.call(f"{TRIGGERS}.Create", {"folderId": folder, "rule": TIMER})
    return {"prefix": w.folder}


LISTS = {
    f"{TRIGGERS}.List": List(of_folder, lambda _: {"filter": 'name="x"'}),
    f"{TRIGGERS}.ListOperations": List(operations, operations),
    f"{INVOCATIONS}.List": List(invocations, lambda _: {"states": ["STATE_FAILED"]}),
    f"{JOBS}.List": List(jobs, lambda w: {"folderId": f"{w.folder}x"}),
    f"{LONG_RUNNING}.ListOperations": List(executions, lambda _: {"filter": "done = false"}),
    f"{EXECUTIONS}.ListExecutions": List(integration, lambda _: {"orderBy": "create_time"}),
    f"{EXECUTIONS_V2}.ListExecutions": List(integration, lambda _: {"filter": "state = FAILED"}),
    f"{INTEGRATIONS}.ListIntegrations": List(registered, lambda _: {"filter": "active = true"}),
    f"{INTEGRATIONS}.SearchIntegrations": List(
        lambda w: {**registered(w), "query": "o"}, lambda _: {"query": "x"}
    ),
    f"{VERSIONS}.ListIntegrationVersions": List(versions, lambda _: {"filter": "state = DRAFT"}),
    f"{SCHEDULES}.ListSchedules": List(schedules, lambda w: {"parent": f"{w.location}x"}),
    f"{EVENTS}.ListIntakes": List(of_folder, lambda w: {"folderId": f"{w.folder}x"}),
    f"{EVENTS}.TestEvent": List(
        lambda w: {**of_folder(w), "event": EVENT}, lambda w: {"folderId": f"{w.folder}x"}
    ),
    f"{FOLDERS}.ListFolders": List(two_folders, lambda w: {"prefix": w.folder[:-1]}),
    f"{FOLDERS}.ListTriggers": List(of_folder, lambda _: {"orderBy": "name"}),
    f"{FIRING}.Preview": List(previewed, lambda _: {"includePaused": True}),
    f"{ACCESS}.ListAccounts": List(accounts, lambda _: {"kind": "KIND_SERVICE_ACCOUNT"}),
    f"{ACCESS}.ListBindings": List(bindings, lambda _: {"subject": "allAuthenticatedUsers"}),
}


def first_page(caller: Caller, method: str, request: Json) -> tuple[Json, str]:
    fields = METHODS[method].input_type.fields_by_camelcase_name
    asked = {name: value for name, value in request.items() if name in fields} | {"pageSize": 1}
    return asked, str(caller.call(method, asked)["nextPageToken"])


def refused(caller: Caller, method: str, request: Json) -> None:
    refusal = caller.refusal(method, request)
    assert refusal.code == "INVALID_ARGUMENT"
    assert list(refusal.fields) == ["page_token"]
    assert "first page" in refusal.message


def test_every_list_is_tested_here() -> None:
    paged = {
        name for name, method in METHODS.items() if "page_token" in method.input_type.fields_by_name
    }
    # Dead letters are made by failures alone; their list is the invocations' in all but its filter.
    # The endpoints are few and public, and their page token is deprecated.
    endpoints = "yandex.cloud.endpoint.ApiEndpointService.List"
    assert paged == LISTS.keys() | {f"{DEAD_LETTERS}.List", endpoints}


@pytest.mark.parametrize("method", LISTS)
def test_a_token_is_its_callers_and_its_lists(world: World, method: str) -> None:
    one = world.server.caller(admin="*")
    other = world.server.caller(admin="*")
    asked, token = first_page(one, method, LISTS[method].of(world))
    assert len(token) <= LONGEST
    following = {**asked, "pageToken": token}
    assert one.call(method, following) != one.call(method, asked)
    assert one.code(method, {**following, "pageSize": 2}) == "OK"
    refused(other, method, following)
    refused(one, method, {**following, **LISTS[method].other(world)})
    for place in (0, len(token) // 2, len(token) - 1):
        changed = "B" if token[place] == "A" else "A"
        refused(one, method, {**asked, "pageToken": token[:place] + changed + token[place + 1 :]})


def test_a_token_of_one_list_is_none_of_another(world: World) -> None:
    admin = world.server.admin
    asked, token = first_page(admin, f"{TRIGGERS}.List", of_folder(world))
    assert admin.code(f"{TRIGGERS}.List", {**asked, "pageToken": token}) == "OK"
    refused(admin, f"{EVENTS}.ListIntakes", {**asked, "pageToken": token})


def test_a_token_does_not_tell_what_it_follows(world: World) -> None:
    admin = world.server.admin
    asked, token = first_page(admin, f"{TRIGGERS}.List", of_folder(world))
    page = admin.call(f"{TRIGGERS}.List", asked)
    assert page["nextPageToken"] == token  # a page asked twice leads to the same next page
    refused(admin, f"{TRIGGERS}.List", {**asked, "pageToken": page["triggers"][0]["id"]})


def test_a_binding_of_a_subject_with_a_tab_is_paged_over(world: World) -> None:
    here = f"folders/{world.folder}"
    for number in range(3):
        world.server.bind(f"federatedUser:test:a\tb{number}", "viewer", here)
    found, token = [], ""
    while True:
        asked = {"resource": here, "pageSize": 1, "pageToken": token}
        page = world.server.admin.call(f"{ACCESS}.ListBindings", asked)
        found += [each["subject"] for each in page["bindings"]]
        if not (token := page.get("nextPageToken", "")):
            break
    assert found == [f"federatedUser:test:a\tb{number}" for number in range(3)]
