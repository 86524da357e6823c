"""Wrong servers of the profile `executions`: what a list, an execution or a cancellation says."""

from mutants.changes import asks as call_asks
from mutants.changes import made as call_made
from mutants.changes import refuses, shows
from mutants.declaring import Mutant
from mutants.proxies.calls import Call, Reply
from mutants.proxies.calls import Forward as CallForward
from mutants.proxies.requests import Forward, Request, Response
from mutants.rest_changes import made
from mutants.wrong.execution_requests import (
    Json,
    asks,
    kind,
    lies,
    narrowed,
    not_there,
    renamed,
    says,
    takes,
    unqueried,
)
from tocsin.conformance.checks.executions.cases import (
    FILTER_PARAMS,
    FILTERS,
    FILTERS_OF_V2,
    MASK_PATHS,
    UNCLEAR,
)
from tocsin.conformance.checks.schedule.values import VALUES, kebab
from tocsin_protos.google.cloud.integrations.v1alpha import execution_pb2, executions_pb2

OF_ALL = ("waiting", "cancelled", "done")


def without_state(name: str) -> Json:
    def change(answer: Json, _: Request) -> None:
        answer["executions"] = [
            each
            for each in answer.get("executions", [])
            if each.get("executionDetails", {}).get("state") != name
        ]

    return change


def empty(answer: Json, _: Request) -> None:
    answer.pop("executions", None)


def each_shown(change: Json) -> Json:
    """Changes each execution of a list."""

    def on_all(answer: Json, request: Request) -> None:
        for execution in answer.get("executions", []):
            change(execution, request)

    return on_all


def lacks(*names: str) -> Json:
    """Drops a member: of an object in an object, by several names."""

    def change(answer: Json, _: Request) -> None:
        *parents, last = names
        for name in parents:
            answer = answer.get(name, {})
        answer.pop(last, None)

    return change


def has(*names: str, value: Json) -> Json:
    """Sets a member, if its parent is there."""

    def change(answer: Json, _: Request) -> None:
        *parents, last = names
        for name in parents:
            answer = answer.get(name, {})
        answer[last] = value

    return change


def lost(answer: Json, _: Request) -> None:
    if answer.get("nextPageToken") and answer.get("executions"):
        del answer["executions"][-1]


def filters(prefix: str, kept: dict[str, tuple[str, ...]], version: str) -> list[Mutant]:
    """Servers that do not know one filter: they ignore it, or find nothing by it."""
    found: list[Mutant] = []
    for part, names in kept.items():
        breaks = f"executions.{prefix}.{part}"
        if names == OF_ALL:
            does = f"finds nothing by the filter `{part}`"
            found.append(says(breaks, does, "list", empty, version=version))
        else:
            does = f"does not narrow a list by the filter `{part}`"
            found.append(asks(breaks, does, "list", narrowed, version=version))
    return found


MADE_LISTS = [
    *(
        says(
            f"executions.list.has.{part}", f"lists none that is {name}", "list", without_state(name)
        )
        for part, name in (
            ("waiting", "PENDING"),
            ("cancelled", "CANCELLED"),
            ("done", "SUCCEEDED"),
        )
    ),
    says(
        "executions.list.name",
        "shows the id in place of the name",
        "list",
        each_shown(lambda each, _: each.update(name=each["name"].rpartition("/")[2])),
    ),
    asks(
        "executions.list.of-one-integration",
        "lists the executions of all integrations",
        "list",
        renamed("-elsewhere", ""),
    ),
    asks(
        "executions.list.of-one-location",
        "lists the executions of all locations",
        "list",
        renamed("-elsewhere", ""),
    ),
    *(
        not_there(
            f"executions.list.path.{version}{'.products' if below else ''}", "list", version, below
        )
        for version in ("v1", "v1alpha")
        for below in (False, True)
    ),
    asks("executions.list.page-size", "ignores pageSize", "list", unqueried("pageSize")),
    says("executions.list.pages", "loses the last execution of a page", "list", lost),
    asks("executions.list.page-size.negative", "takes -1 for none", "list", unqueried("pageSize")),
    lies(
        "executions.list.page-size.large",
        "refuses a pageSize that is too large",
        "list",
        lambda request: "pageSize=2000000000" in request.target,
    ),
    asks("executions.list.order-by.create-time", "ignores orderBy", "list", unqueried("orderBy")),
    asks(
        "executions.list.order-by.create-time.desc",
        "takes no notice of desc",
        "list",
        renamed("create_time[+]desc|create_time%20desc", "create_time"),
    ),
    *(
        lies(
            f"executions.list.flag.{flag.lower()}",
            f"does not know {flag}",
            "list",
            lambda request, flag=flag: flag in request.target,
        )
        for flag in ("refreshAcl", "snapshotMetadataWithoutParams", "truncateParams")
    ),
]

MADE_FILTERS = [
    *filters("filter", {part: one.kept for part, one in FILTERS.items()}, "v1"),
    *filters(
        "v2.filter", {part: tuple(kept) for part, (_, kept, _) in FILTERS_OF_V2.items()}, "v2"
    ),
    says(
        "executions.filter.create-timestamp",
        "finds nothing by an instant",
        "list",
        empty,
        when=lambda request: "CreateTimestamp" in request.target,
    ),
    asks(
        "executions.filter.create-timestamp.between",
        "reads > as >=",
        "list",
        renamed("%3E", "%3E%3D"),
    ),
    *(
        takes(f"executions.{part}", "takes a filter that it can't read", "list", {"executions": []})
        for part in (
            "filter.refused.unknown-field",
            "filter.refused.malformed",
            "filter.refused.open-parenthesis",
            "v2.filter.refused",
        )
    ),
]

MADE_FILTER_PARAMS = [
    *(
        says(f"executions.filter-params.{part}", f"finds nothing by {part}", "list", empty)
        if case.kept == OF_ALL or part == "parameter-pair"
        else asks(
            f"executions.filter-params.{part}",
            f"ignores filterParams.{case.params[-1][0]}",
            "list",
            unqueried(f"filterParams.{case.params[-1][0]}"),
        )
        for part, case in FILTER_PARAMS.items()
        if not part.startswith(UNCLEAR)
    ),
]

MADE_MASKS = [
    *(
        asks(
            f"executions.read-mask.{path}", f"shows more than {path}", "list", unqueried("readMask")
        )
        for path in MASK_PATHS
    ),
    says(
        "executions.read-mask.trigger_id",
        "shows no trigger by a mask",
        "list",
        each_shown(lacks("triggerId")),
        number=2,
    ),
    asks("executions.read-mask.several", "reads one path", "list", renamed("%2C[^&]*", "")),
    lies(
        "executions.read-mask.camel-case",
        "takes paths by the names of proto alone",
        "list",
        lambda request: "readMask=executionDetails" in request.target,
    ),
    says(
        "executions.read-mask.none",
        "shows no parameters in a list",
        "list",
        each_shown(lacks("requestParameters")),
    ),
    asks(
        "executions.v2.read-mask", "ignores readMask", "list", unqueried("readMask"), version="v2"
    ),
]

SUCCESS = {"name": "projects/p/locations/l/integrations/i/executions/e"}
MADE_VIEWS = [
    says("executions.get.name", "shows no name", "get", lacks("name")),
    says("executions.get.trigger-id", "shows another trigger", "get", has("triggerId", value="a")),
    *(
        says(
            f"executions.get.method.{part}",
            "says of each that it was queued",
            "get",
            has("executionMethod", value="POST_TO_QUEUE"),
        )
        for part in ("waiting", "done")
    ),
    *(
        says(f"executions.get.times.{part}", "shows when it changes", "get", change)
        for part, change in (
            ("waiting", has("createTime", value="2098-01-01T00:00:00Z")),
            ("cancelled", has("updateTime", value="1990-01-01T00:00:00Z")),
            ("done", has("createTime", value="2026-01-01 10:00")),
        )
    ),
    *(
        says(
            f"executions.get.state.{part}.details",
            "names states as the older form does",
            "get",
            has("executionDetails", "state", value=value),
        )
        for part, value in (("waiting", "ON_HOLD"), ("cancelled", "CANCELED"), ("done", "SUCCEED"))
    ),
    *(
        says(
            f"executions.get.state.{part}.older",
            "names states as the newer form does",
            "get",
            has("eventExecutionDetails", "eventExecutionState", value=value),
        )
        for part, value in (
            ("waiting", "PENDING"),
            ("cancelled", "CANCELLED"),
            ("done", "SUCCEED"),
        )
    ),
    *(
        says(
            f"executions.get.state.{part}.v2",
            "names states in v2 as v1 does",
            "list",
            each_shown(has("state", value=value)),
            version="v2",
        )
        for part, value in (("waiting", "PENDING"), ("cancelled", "CANCELED"), ("done", "SUCCEED"))
    ),
    says("executions.get.attempts.done", "shows no attempts", "get", lacks("executionDetails")),
    says("executions.get.cancel-reason", "drops reasons", "get", lacks("eventExecutionDetails")),
    *(
        says(
            f"executions.get.request-parameters.{kebab(member)}",
            f"shows no {member}",
            "get",
            lambda shown, _, member=member: shown["requestParameters"]["one"].pop(member, None),
        )
        for member in VALUES
    ),
    says(
        "executions.get.response-parameters",
        "shows another response",
        "get",
        has("responseParameters", value={"made-up": {"intValue": "1"}}),
    ),
    not_there("executions.get.path.v1.products", "get", "v1", True),
    not_there("executions.get.path.v1alpha.products", "get", "v1alpha", True),
    *(
        takes(f"executions.get.absent.{part}", "shows what is not there", "get", SUCCESS, of=404)
        for part in ("unknown", "other-integration", "other-location")
    ),
    says("executions.download.content", "has no content", "download", has("content", value="{}")),
    not_there("executions.download.products", "download", "v1", True),
    takes(
        "executions.download.absent",
        "downloads what is not there",
        "download",
        {"content": "{}"},
        of=404,
    ),
]


def cancels_nothing(request: Request, forward: Forward) -> Response:
    if kind(request) != "cancel":
        return forward(request)
    return forward(
        request.but(verb="GET", target=request.target.removesuffix(":cancel"))
    ).with_json({"isCanceled": True})


def cancels_all() -> Json:
    known: list[str] = []

    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        if kind(request) == "schedule" and response.ok:
            name = request.target.removesuffix(":schedule")
            known.extend(f"{name}/executions/{each}" for each in response.json["executionInfoIds"])
        if kind(request) == "cancel":
            for name in known:
                forward(request.but(target=f"{name}:cancel"))
        return response

    return wrong


def changes_what_was_cancelled() -> Json:
    """Remembers what was cancelled more than once or too late, and shows that it was."""
    seen: dict[str, str] = {}

    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        if kind(request) == "cancel":
            seen[request.target.removesuffix(":cancel")] = request.json.get("cancelReason", "")
        if kind(request) == "get" and request.target in seen:
            shown = response.json
            shown["eventExecutionDetails"]["cancelReason"] = seen[request.target]
            shown["executionDetails"]["state"] = "CANCELLED"
            return response.with_json(shown)
        return response

    return wrong


MADE_CANCELLATIONS = [
    made(cancels_nothing, "says that it cancels", "executions.cancel.waiting", ""),
    made(cancels_all(), "cancels all that it knows", "executions.cancel.others", ""),
    says(
        "executions.cancel.done",
        "says that it cancels what has ended",
        "cancel",
        has("isCanceled", value=True),
    ),
    made(changes_what_was_cancelled(), "cancels what is done", "executions.cancel.done.stays", ""),
    made(
        changes_what_was_cancelled(),
        "takes the reason of the last Cancel",
        "executions.cancel.again.stays",
        "",
    ),
    not_there("executions.cancel.v1alpha", "cancel", "v1alpha", True),
    takes("executions.cancel.absent", "finds what is not there", "cancel", {}, of=404),
    asks(
        "executions.cancel.other-integration",
        "does not look at the integration",
        "cancel",
        renamed("-elsewhere", ""),
    ),
    says(
        "executions.cancel.is-listed",
        "lists what was cancelled later",
        "list",
        without_state("CANCELLED"),
    ),
    lies(
        "executions.cancel.no-reason",
        "asks for a reason",
        "cancel",
        lambda request: request.json == {},
    ),
]


def absent_is_there(call: Call, forward: CallForward) -> Reply:
    reply = forward(call.request)
    return reply if reply.ok else Reply(message=execution_pb2.Execution(name=call.request.name))


def any_reason(call: Call, forward: CallForward) -> Reply:
    call.request.replay_reason = call.request.replay_reason or "none"
    return forward(call.request)


def says_cancelled(call: Call, forward: CallForward) -> Reply:
    return Reply(message=executions_pb2.CancelExecutionResponse(is_canceled=True))


MADE_CALLS = [
    shows(
        "executions.grpc.get",
        "Executions/GetExecution",
        "shows no trigger over gRPC",
        lambda message, _: message.ClearField("trigger_id"),
    ),
    shows(
        "executions.grpc.list",
        "Executions/ListExecutions",
        "lists the first one alone",
        lambda message, _: message.executions.__delitem__(slice(1, None)),
    ),
    refuses(
        "executions.grpc.list.filter-params",
        "Executions/ListExecutions",
        "takes no parameters of a filter",
        lambda call: call.request.HasField("filter_params"),
    ),
    shows(
        "executions.grpc.download",
        "Executions/DownloadExecution",
        "downloads another form",
        lambda message, _: setattr(message, "content", "{}"),
    ),
    call_made(
        says_cancelled,
        "cancels nothing over gRPC",
        "executions.grpc.cancel",
        "Executions/CancelExecution",
    ),
    shows(
        "executions.grpc.replay",
        "Executions/ReplayExecution",
        "does not say what it replays",
        lambda message, _: message.ClearField("replayed_execution_id"),
    ),
    refuses("executions.grpc.execute", "Executions/ExecuteIntegrations", "does not execute"),
    shows(
        "executions.grpc.v2.list",
        "Executions/ListExecutions",
        "lists nothing",
        lambda message, _: message.ClearField("executions"),
    ),
    call_asks(
        "executions.grpc.v2.schedule",
        "Executions/ScheduleIntegration",
        "drops the body over gRPC",
        lambda call: call.request.ClearField("body"),
    ),
    refuses("executions.grpc.v2.execute", "Executions/ExecuteIntegration", "does not execute"),
    call_made(
        absent_is_there,
        "shows what is not there",
        "executions.grpc.absent",
        "Executions/GetExecution",
    ),
    call_made(
        any_reason,
        "needs no reason",
        "executions.grpc.replay.reason",
        "Executions/ReplayExecution",
    ),
]
