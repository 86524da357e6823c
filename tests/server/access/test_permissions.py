"""Who may do what: each method, asked by each kind of caller."""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from stand.access.guarded import CLOUD_PLATFORM, METHODS, Caller, Guarded, guarded
from stand.access.methods import (
    CONFIG,
    DEAD_LETTERS,
    EVENT,
    EVENTS,
    EXECUTIONS,
    FIRING,
    FOLDER_OF_GROUP,
    GROUP,
    INVOCATIONS,
    LINES,
    LOGS,
    LONG_RUNNING,
    OPERATIONS,
    TRIGGERS,
    World,
    new_world,
    written,
)
from stand.access.oidc_issuer import OidcIssuer
from stand.apis.triggers import TIMER
from stand.apis.wire import Json, send
from tocsin.access.permissions.needs import NEEDS, OPEN_SERVICES


@pytest.fixture(scope="module")
def server(issuer: OidcIssuer) -> Iterator[Guarded]:
    with (
        tempfile.TemporaryDirectory() as made,
        guarded(Path(made), CONFIG, issuer=issuer) as running,
    ):
        yield running


@pytest.fixture
def world(server: Guarded) -> World:
    return new_world(server)


RANKS = ("viewer", "editor", "admin")
DENIED = ("UNAUTHENTICATED", "PERMISSION_DENIED")


def test_each_method_of_the_server_is_tested_here(server: Guarded) -> None:
    database = ProtoReflectionDescriptorDatabase(server.channel)
    pool = DescriptorPool(database)
    served = {
        method.full_name
        for name in database.get_services()
        if name not in OPEN_SERVICES
        for method in pool.FindServiceByName(name).methods
    }
    assert served == LINES.keys()
    assert served <= NEEDS.keys()


def places(world: World, on: str) -> str:
    return {"folder": f"folders/{world.folder}", "project": world.project, "*": "*", "": "*"}[on]


@pytest.mark.parametrize("method", LINES)
def test_a_method_serves_those_who_may_and_no_others(world: World, method: str) -> None:
    server, (least, on, request) = world.server, LINES[method]
    nobody = server.nobody.code(method, request(world))
    if least == "sender":  # what it is let in by is its own, and no role is
        admin = server.caller(admin="*").code(method, request(world))
        assert {nobody, admin} == {"UNAUTHENTICATED"}
        return
    assert (nobody == "UNAUTHENTICATED") == (least != "anyone")
    for_all = least not in RANKS
    assert (server.caller().code(method, request(world)) in DENIED) == (not for_all)
    for role in RANKS:
        may = for_all or RANKS.index(role) >= RANKS.index(least)
        caller = server.caller(**{role: places(world, on)})
        assert (caller.code(method, request(world)) in DENIED) == (not may), role
        if not for_all and on != "*":
            elsewhere = server.caller(**{role: "folders/b1gsomewhereelse0000"})
            assert elsewhere.code(method, request(world)) == "PERMISSION_DENIED"


# What a request can name, each by an id that there is elsewhere, was once, and never was.
GUESSED: dict[str, tuple[str, Callable[[World], tuple[str, str, str]]]] = {
    "trigger": (
        "triggerId",
        lambda w: (w.trigger(), w.deleted_trigger(), "a1s00000000000000000"),
    ),
    "operation": ("operationId", lambda w: (w.operation(), w.operation(), "a1s00000000000000000")),
    "invocation": (
        "invocationId",
        lambda w: (w.invocation(), w.invocation(), "a1s00000000000000000"),
    ),
    "execution": (
        "name",
        lambda w: (w.execution(), f"{w.location}/operations/x", f"{w.location}/operations/y"),
    ),
}
ONE_OF_EACH = {
    "trigger": f"{TRIGGERS}.Get",
    "operation": f"{OPERATIONS}.Get",
    "invocation": f"{INVOCATIONS}.Get",
    "execution": f"{LONG_RUNNING}.GetOperation",
}


@pytest.mark.parametrize("what", GUESSED)
def test_a_refusal_does_not_tell_what_there_is(world: World, what: str) -> None:
    field, ids = GUESSED[what]
    caller = world.server.caller_with(
        [("admin", "folders/b1gofmyown0000000000"), ("admin", "projects/of-my-own")]
    )
    told = set()
    for each in ids(world):
        refused = caller.refusal(ONE_OF_EACH[what], {field: each})
        info = next(d for d in refused.details if "reason" in d)
        assert refused.code == "PERMISSION_DENIED"
        assert info["reason"] == "IAM_PERMISSION_DENIED"
        told.add(
            (refused.message.replace(each, "ID"), info["metadata"]["resource"].replace(each, "ID"))
        )
    assert len(told) == 1
    [(message, resource)] = told
    assert message.endswith(f"denied on resource '{resource}' (or it might not exist).")
    assert world.folder not in message


def test_what_was_deleted_is_not_found_by_those_who_might_have_seen_it(world: World) -> None:
    trigger_id = world.deleted_trigger()
    viewer = world.server.caller(viewer=f"folders/{world.folder}")
    assert viewer.code(f"{TRIGGERS}.Get", {"triggerId": trigger_id}) == "NOT_FOUND"
    # What never was is nobody's, so only those who may see all are told.
    never = {"triggerId": "a1s00000000000000000"}
    assert viewer.code(f"{TRIGGERS}.Get", never) == "PERMISSION_DENIED"
    assert world.server.caller(viewer="*").code(f"{TRIGGERS}.Get", never) == "NOT_FOUND"


def test_operations_of_what_was_deleted_are_shown_on(world: World) -> None:
    trigger_id = world.deleted_trigger()
    viewer = world.server.caller(viewer=f"folders/{world.folder}")
    listed = viewer.call(f"{TRIGGERS}.ListOperations", {"triggerId": trigger_id})
    assert len(listed["operations"]) == 2
    for each in listed["operations"]:
        assert viewer.code(f"{OPERATIONS}.Get", {"operationId": each["id"]}) == "OK"
        assert world.server.caller().code(f"{OPERATIONS}.Get", {"operationId": each["id"]}) == (
            "PERMISSION_DENIED"
        )


def test_an_operation_says_who_made_it(world: World) -> None:
    editor = world.server.caller(editor=f"folders/{world.folder}")
    made = editor.call(f"{TRIGGERS}.Create", {"folderId": world.folder, "rule": TIMER})
    assert f"serviceAccount:{made['createdBy']}" == editor.subject


def all_pages(caller: Caller, method: str, items: str, **request: object) -> list[Json]:
    found: list[Json] = []
    token = ""
    while True:
        page = caller.call(method, {**request, "pageToken": token})
        found += page.get(items, [])
        token = page.get("nextPageToken", "")
        if not token:
            return found


def test_a_list_across_folders_shows_what_the_caller_may_see(world: World) -> None:
    mine = {world.invocation(), world.invocation(), world.execution().rpartition("/")[2]}
    elsewhere = World(world.server, f"{world.folder}x", f"{world.project}x/locations/local")
    hidden = {elsewhere.invocation(), elsewhere.execution().rpartition("/")[2]}
    caller = world.server.caller_with(
        [("viewer", f"folders/{world.folder}"), ("viewer", world.project)]
    )
    for size in (1, 100):
        shown = all_pages(caller, f"{INVOCATIONS}.List", "invocations", pageSize=size)
        assert {each["id"] for each in shown} == mine
        assert len(shown) == len(mine)
    everything = all_pages(world.server.admin, f"{INVOCATIONS}.List", "invocations")
    assert {each["id"] for each in everything} >= mine | hidden
    assert all_pages(caller, f"{DEAD_LETTERS}.List", "deadLetters") == []
    stranger = world.server.caller()
    assert stranger.code(f"{INVOCATIONS}.List", {}) == "PERMISSION_DENIED"
    assert stranger.code(f"{DEAD_LETTERS}.List", {}) == "PERMISSION_DENIED"


def test_what_was_missed_in_another_folder_is_refused(world: World) -> None:
    caller = world.server.caller(viewer=f"folders/{world.folder}")
    assert caller.code(f"{FIRING}.ListMissed", {}) == "OK"
    refused = caller.code(f"{FIRING}.ListMissed", {"folderId": f"{world.folder}x"})
    assert refused == "PERMISSION_DENIED"
    assert world.server.caller().code(f"{FIRING}.ListMissed", {}) == "PERMISSION_DENIED"


def test_a_call_that_names_several_needs_all_of_them(world: World) -> None:
    mine = world.trigger()
    other = World(world.server, f"{world.folder}x", world.location).trigger()
    caller = world.server.caller(viewer=f"folders/{world.folder}")
    preview = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    assert caller.code(f"{FIRING}.Preview", {**preview, "triggerIds": [mine]}) == "OK"
    refused = caller.refusal(f"{FIRING}.Preview", {**preview, "triggerIds": [mine, other]})
    assert refused.code == "PERMISSION_DENIED"
    assert other in refused.message
    asked = {"event": EVENT, "triggerIds": [other, mine]}
    assert caller.code(f"{EVENTS}.TestEvent", asked) == "PERMISSION_DENIED"
    # The fields that a method would refuse together are all looked at before.
    both = {**preview, "folderId": world.folder, "triggerIds": [other]}
    assert caller.code(f"{FIRING}.Preview", both) == "PERMISSION_DENIED"


def test_a_role_on_one_integration_is_for_that_alone(world: World) -> None:
    name = f"{world.location}/integrations/nightly"
    invoker = world.server.caller(**{"roles/integrations.integrationInvoker": name})
    scheduled = invoker.call(f"{EXECUTIONS}.ScheduleIntegrations", world.schedule_request())
    operation = f"{world.location}/operations/{scheduled['executionInfoIds'][0]}"
    assert invoker.code(f"{LONG_RUNNING}.GetOperation", {"name": operation}) == "OK"
    assert invoker.code(f"{LONG_RUNNING}.CancelOperation", {"name": operation}) == "OK"
    shown = all_pages(invoker, f"{INVOCATIONS}.List", "invocations", integration=name)
    assert len(shown) == 1
    for other in (f"{world.location}/integrations/-", f"{world.location}/integrations/weekly"):
        asked = {**world.schedule_request(), "name": other}
        refused = invoker.refusal(f"{EXECUTIONS}.ScheduleIntegrations", asked)
        assert refused.code == "PERMISSION_DENIED"
        assert "integrations.integrations.invoke" in refused.message
    location = {"name": world.location}
    assert invoker.code(f"{LONG_RUNNING}.ListOperations", location) == "PERMISSION_DENIED"


def test_a_role_on_a_location_is_for_what_is_below(world: World) -> None:
    viewer = world.server.caller(viewer=world.location)
    assert viewer.code(f"{LONG_RUNNING}.GetOperation", {"name": world.execution()}) == "OK"
    elsewhere = World(world.server, world.folder, f"{world.project}/locations/other")
    assert viewer.code(f"{LONG_RUNNING}.GetOperation", {"name": elsewhere.execution()}) == (
        "PERMISSION_DENIED"
    )


GOOGLE = [method for method in LINES if method.startswith("google.")]


@pytest.mark.parametrize("method", GOOGLE)
def test_googles_methods_need_their_scope_where_a_token_is_limited(
    world: World, method: str
) -> None:
    request = LINES[method].request(world)
    narrow = world.server.limited_caller("openid email", admin=world.project)
    refused = narrow.refusal(method, request)
    assert refused.code == "PERMISSION_DENIED"
    assert refused.reasons == ["ACCESS_TOKEN_SCOPE_INSUFFICIENT"]
    wide = world.server.limited_caller(f"openid {CLOUD_PLATFORM}", admin=world.project)
    assert wide.code(method, request) not in DENIED


def test_other_methods_ask_for_no_scope(world: World) -> None:
    caller = world.server.limited_caller("openid", viewer=f"folders/{world.folder}")
    assert caller.code(f"{TRIGGERS}.List", {"folderId": world.folder}) == "OK"


def timer_with(account: str) -> Json:
    function = {"functionId": "d4e0", "serviceAccountId": account}
    return {"timer": {"cronExpression": "0 0 1 1 ? 2099", "invokeFunctionWithRetry": function}}


def test_a_rule_names_accounts_that_its_writer_may_use(world: World) -> None:
    server, here = world.server, f"folders/{world.folder}"
    account = server.account(f"{world.folder}sa")
    manager = server.caller(**{"functions.editor": here})
    request = {"folderId": world.folder, "rule": timer_with(account)}
    refused = manager.refusal(f"{TRIGGERS}.Create", request)
    assert refused.code == "PERMISSION_DENIED"
    assert "'iam.serviceAccounts.use'" in refused.message
    assert f"'serviceAccounts/{account}'" in refused.message
    user = server.caller_with(
        [("functions.editor", here), ("iam.serviceAccounts.user", f"folders/{world.folder}sa")]
    )
    assert user.code(f"{TRIGGERS}.Create", request) == "OK"
    # An account that is nobody's is for those who may use all.
    unknown = {"folderId": world.folder, "rule": timer_with("aje00000000000000000")}
    assert user.code(f"{TRIGGERS}.Create", unknown) == "PERMISSION_DENIED"
    assert server.admin.code(f"{TRIGGERS}.Create", unknown) == "OK"


def test_every_account_of_a_rule_counts(world: World) -> None:
    server = world.server
    mine, other = server.account(world.folder), server.account(f"{world.folder}sa")
    editor = server.caller(editor=f"folders/{world.folder}")
    rule = timer_with(mine)
    rule["timer"]["invokeFunctionWithRetry"]["deadLetterQueue"] = {
        "queueId": "yrn:yc:ymq:ru-central1:b1g0:dead",
        "serviceAccountId": other,
    }
    refused = editor.refusal(f"{TRIGGERS}.Create", {"folderId": world.folder, "rule": rule})
    assert f"'serviceAccounts/{other}'" in refused.message


def test_who_may_not_use_an_account_can_not_turn_its_rule_elsewhere(world: World) -> None:
    server = world.server
    trigger_id = world.trigger(rule=timer_with(server.account(f"{world.folder}sa")))
    manager = server.caller(**{"functions.editor": f"folders/{world.folder}"})
    elsewhere = {
        "triggerId": trigger_id,
        "updateMask": "rule.timer.invokeFunctionWithRetry.functionId",
        "rule": TIMER,
    }
    assert manager.code(f"{TRIGGERS}.Update", elsewhere) == "PERMISSION_DENIED"
    renamed = {"triggerId": trigger_id, "updateMask": "name", "name": "renamed"}
    assert manager.code(f"{TRIGGERS}.Update", renamed) == "OK"


@pytest.mark.parametrize("override", [{"payload": "mine"}, {"body": "eA=="}, {"json": {}}])
def test_who_may_not_use_an_account_can_not_say_what_it_sends(world: World, override: Json) -> None:
    server, here = world.server, f"folders/{world.folder}"
    account = server.account(f"{world.folder}sa")
    trigger_id = world.trigger(rule=timer_with(account))
    manager = server.caller(**{"functions.editor": here})
    refused = manager.refusal(f"{FIRING}.FireTrigger", {"triggerId": trigger_id, **override})
    assert refused.code == "PERMISSION_DENIED"
    assert f"'serviceAccounts/{account}'" in refused.message
    # What the rule says was said by somebody who may.
    assert manager.code(f"{FIRING}.FireTrigger", {"triggerId": trigger_id}) == "OK"
    user = server.caller_with(
        [("functions.editor", here), ("iam.serviceAccounts.user", f"folders/{world.folder}sa")]
    )
    assert user.code(f"{FIRING}.FireTrigger", {"triggerId": trigger_id, **override}) == "OK"
    of_nobody = {"triggerId": world.trigger(), **override}
    assert manager.code(f"{FIRING}.FireTrigger", of_nobody) == "OK"


def test_another_callers_idempotency_key_is_a_key_of_its_own(world: World) -> None:
    here = f"folders/{world.folder}"
    first, second = world.server.caller(editor=here), world.server.caller(editor=here)
    request = {"folderId": world.folder, "rule": TIMER}
    key = str(uuid.uuid4())
    made = first.call(f"{TRIGGERS}.Create", request, idempotency_key=key)
    again = first.call(f"{TRIGGERS}.Create", request, idempotency_key=key)
    others = second.call(f"{TRIGGERS}.Create", request, idempotency_key=key)
    assert made["id"] == again["id"] != others["id"]


def test_a_folder_whose_default_log_group_it_is_decides_who_writes_to_it(server: Guarded) -> None:
    writer = server.caller(**{"logging.writer": f"folders/{FOLDER_OF_GROUP}"})
    for destination in ({"folderId": FOLDER_OF_GROUP}, {"logGroupId": GROUP}):
        request = written(destination)
        assert writer.code(f"{LOGS}.Write", request) == "OK"
    for destination in ({"folderId": "b1gother"}, {"logGroupId": "e23other"}):
        request = written(destination)
        assert writer.code(f"{LOGS}.Write", request) == "PERMISSION_DENIED"


def test_records_do_not_pass_for_those_of_another_caller(server: Guarded) -> None:
    rule = {
        "logging": {
            "logGroupId": GROUP,
            "batchSettings": {"size": "10", "cutoff": "60s"},
            "invokeFunction": {"functionId": "d4e0"},
        }
    }
    request = {"folderId": FOLDER_OF_GROUP, "rule": rule}
    trigger_id = server.admin.call(f"{TRIGGERS}.Create", request)["response"]["id"]
    role = {"logging.writer": f"folders/{FOLDER_OF_GROUP}"}
    key = str(uuid.uuid4())
    for writer in (server.caller(**role), server.caller(**role)):
        for _ in range(2):
            writer.call(f"{LOGS}.Write", written({"logGroupId": GROUP}), idempotency_key=key)
    told = server.admin.call(f"{EVENTS}.GetIntake", {"triggerId": trigger_id})
    assert told["waitingEvents"] == "2"


def test_next_times_of_an_expression_need_a_credential_alone(server: Guarded) -> None:
    asked = {"cronExpression": "0 9 ? * MON-FRI *"}
    assert server.caller().code(f"{FIRING}.NextFireTimes", asked) == "OK"
    assert server.nobody.code(f"{FIRING}.NextFireTimes", asked) == "UNAUTHENTICATED"


def test_a_right_that_is_taken_away_ends_within_seconds(world: World) -> None:
    here, request = f"folders/{world.folder}", {"folderId": world.folder}
    caller = world.server.caller(viewer=here)
    assert caller.code(f"{TRIGGERS}.List", request) == "OK"
    world.server.unbind(caller.subject, "viewer", here)
    eventually(lambda: caller.code(f"{TRIGGERS}.List", request) == "PERMISSION_DENIED")
    world.server.bind(caller.subject, "viewer", here)
    eventually(lambda: caller.code(f"{TRIGGERS}.List", request) == "OK")


def test_a_role_of_all_who_prove_who_they_are_is_everyones(world: World) -> None:
    world.server.bind("allAuthenticatedUsers", "viewer", f"folders/{world.folder}")
    assert world.server.caller().code(f"{TRIGGERS}.List", {"folderId": world.folder}) == "OK"
    assert world.server.nobody.code(f"{TRIGGERS}.List", {"folderId": world.folder}) == (
        "UNAUTHENTICATED"
    )


def test_what_is_wrong_with_a_credential_is_not_told(server: Guarded) -> None:
    refused = server.nobody.refusal(f"{TRIGGERS}.Get", {"triggerId": "x"})
    assert "authorization" in refused.message
    wrong = Caller(server, "", "Bearer t1.forged.token")
    told = wrong.refusal(f"{TRIGGERS}.Get", {"triggerId": "x"})
    assert (told.code, told.message) == ("UNAUTHENTICATED", "Token is invalid or has expired.")
    two = server.admin.refusal(f"{TRIGGERS}.Get", {"triggerId": "x"}, authorization="Bearer other")
    assert two.code == "UNAUTHENTICATED"


def test_nothing_is_parsed_of_one_who_is_not_known(server: Guarded) -> None:
    rpc = server.channel.unary_unary(f"/{TRIGGERS}/Get")
    with pytest.raises(grpc.RpcError) as raised:
        rpc(b"\xff\xff\xff", timeout=30)
    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_methods_here_are_described() -> None:
    assert METHODS.keys() >= LINES.keys()


@pytest.mark.parametrize("vendor", ["yandex", "google"])
def test_over_rest_each_vendors_clients_read_a_refusal_as_they_know_it(
    world: World, vendor: str
) -> None:
    if vendor == "yandex":
        path, permission = f"/triggers/v1/triggers?folderId={world.folder}", "triggers.list"
    else:
        path, permission = f"/v1/{world.location}/operations", "executions.list"

    def told(caller: Caller) -> tuple[int, Json]:
        sent = {} if caller.credential is None else {"Authorization": caller.credential}
        reply = send(world.server.tocsin.http_address, "GET", path, headers=sent)
        answers = {name.lower(): value for name, value in reply.headers.items()}
        assert (answers.get("www-authenticate") == "Bearer") == (reply.status == 401)
        # Google's has its errors in a frame.
        return reply.status, reply.json.get("error", {}) if vendor == "google" else reply.json

    status, unknown = told(world.server.nobody)
    assert (status, unknown["code"]) == (401, 401 if vendor == "google" else 16)
    status, denied = told(world.server.caller())
    assert (status, denied["code"]) == (403, 403 if vendor == "google" else 7)
    assert permission in denied["message"]
    assert "IAM_PERMISSION_DENIED" in [each.get("reason") for each in denied["details"]]
    assert told(world.server.admin)[0] == 200
