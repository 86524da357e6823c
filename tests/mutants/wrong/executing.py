"""Wrong servers of the profile `executions`: what runs, runs again, and runs by version 2."""

from typing import Any

from conformance.suite import TRIGGER
from mutants.proxies.requests import Forward, Request, Response
from mutants.rest_changes import bad
from mutants.wrong.execution_requests import (
    asks,
    bodied,
    body_without,
    declared,
    filled,
    fits,
    kind,
    lies,
    not_there,
    queried,
    renamed,
    says,
    takes,
    unqueried,
)

NEVER = "2098-01-01T00:00:00Z"
ONE = "one-for-all"


def is_replay(shown: Any) -> bool:
    return "originalExecutionInfoId" in shown.get("replayInfo", {})


def of_replays(change: Any) -> Any:
    """Changes what is shown of an execution that replays another one."""
    return lambda shown, _: change(shown) if is_replay(shown) else None


def spoils_the_first(change: Any) -> Any:
    """Changes what is shown of an execution once it is replayed."""
    replayed: set[str] = set()

    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        if kind(request) == "replay" and response.ok:
            replayed.add(request.target.removesuffix(":replay"))
        if kind(request) == "get" and request.target in replayed:
            shown = response.json
            change(shown)
            return response.with_json(shown)
        return response

    return wrong


def known(body: Any) -> None:
    """Drops from a mask what there are no parameters for."""
    paths = body.get("updateMask", "").split(",")
    body["updateMask"] = ",".join(path for path in paths if path in body["modifiedParameters"])


MADE_REPLAYS = [
    says(
        "executions.replay.new",
        "answers with the first execution",
        "replay",
        lambda told, _: told.update(executionId=told["replayedExecutionId"]),
    ),
    says(
        "executions.replay.replayed-id",
        "does not say what it replays",
        "replay",
        lambda told, _: told.update(replayedExecutionId=told["executionId"]),
    ),
    declared(
        spoils_the_first(lambda shown: shown["executionDetails"].update(state="PENDING")),
        "executions.replay.first-stays",
        "runs the first execution again",
    ),
    says(
        "executions.replay.trigger",
        "forgets the trigger",
        "get",
        of_replays(lambda shown: shown.pop("triggerId")),
    ),
    asks(
        "executions.replay.parameters.same",
        "hands over others",
        "replay",
        filled("modifiedParameters", {"other": {"intValue": "1"}}),
    ),
    asks(
        "executions.replay.parameters.no-mask",
        "keeps what is not modified",
        "replay",
        bodied(lambda body: body.setdefault("updateMask", ",".join(body["modifiedParameters"]))),
    ),
    asks(
        "executions.replay.parameters.mask", "reads no mask", "replay", body_without("updateMask")
    ),
    asks(
        "executions.replay.parameters.not-in-mask",
        "modifies what the mask does not name",
        "replay",
        bodied(lambda body: body.update(updateMask=",".join(body["modifiedParameters"]))),
    ),
    asks(
        "executions.replay.parameters.mask-without",
        "ignores a mask without a parameter",
        "replay",
        bodied(known),
    ),
    declared(
        spoils_the_first(lambda shown: shown["requestParameters"].pop("a")),
        "executions.replay.parameters.of-the-first-stay",
        "changes the parameters of the first execution",
    ),
    asks(
        "executions.replay.reason.required",
        "needs no reason",
        "replay",
        filled("replayReason", "none"),
    ),
    says(
        "executions.replay.info.original",
        "does not show what an execution replays",
        "get",
        of_replays(lambda shown: shown["replayInfo"].pop("originalExecutionInfoId")),
    ),
    says(
        "executions.replay.info.replayed",
        "shows one of those that replay it",
        "get",
        lambda shown, _: shown.get("replayInfo", {}).get("replayedExecutionInfoIds", [""]).pop(),
    ),
    says(
        "executions.replay.mode.from-beginning",
        "does not keep the mode",
        "get",
        of_replays(lambda shown: shown["replayInfo"].pop("replayMode")),
    ),
    asks(
        "executions.replay.mode.unknown",
        "reads an unknown mode as none",
        "replay",
        body_without("replayMode"),
    ),
    takes(
        "executions.replay.absent",
        "replays what is not there",
        "replay",
        {"executionId": "a", "replayedExecutionId": "b"},
        of=404,
    ),
    says(
        "executions.replay.info.v2",
        "names what is replayed in v2 as in v1",
        "list",
        lambda told, _: [
            each["replayInfo"].update(originalExecutionInfoId=each["replayInfo"].pop(name))
            for each in told.get("executions", [])
            for name in ("originalExecutionId",)
            if name in each.get("replayInfo", {})
        ],
        version="v2",
    ),
]


def schedules_instead(request: Request, forward: Forward) -> Response:
    if kind(request) != "execute":
        return forward(request)
    if request.target.startswith("/v2/"):
        target = request.target.replace(":execute", ":schedule") + f"&scheduleTime={NEVER}"
        return forward(request.but(target=target))
    body = {**request.json, "scheduleTime": NEVER}
    target = request.target.removesuffix(":execute") + ":schedule"
    response = forward(request.but(target=target).with_json(body))
    if not response.ok:
        return response
    return response.with_json({"executionId": response.json["executionInfoIds"][0]})


def never_waits() -> Any:
    return lambda request, forward: schedules_instead(request, forward)


def remembers_refusals() -> Any:
    refused: set[str] = set()

    def wrong(request: Request, forward: Forward) -> Response:
        if not fits(request, "execute"):
            return forward(request)
        request_id = request.json.get("requestId", "")
        if request_id in refused:
            return bad(request)
        response = forward(request)
        if request_id and not response.ok:
            refused.add(request_id)
        return response

    return wrong


MADE_EXECUTIONS = [
    declared(never_waits(), "executions.execute.ended", "answers before it has run"),
    asks(
        "executions.execute.parameters",
        "hands nothing over",
        "execute",
        body_without("inputParameters"),
    ),
    *(
        asks(
            f"executions.execute.carrier.{carrier.lower()}",
            f"does not read {carrier}",
            "execute",
            body_without(carrier),
        )
        for carrier in ("parameters", "parameterEntries")
    ),
    says(
        "executions.execute.do-not-propagate-error",
        "calls each execution failed",
        "execute",
        lambda told, _: told.update(executionFailed=True),
    ),
    *(
        asks(
            f"executions.execute.request-id.{part}",
            "reads no requestId",
            "execute",
            body_without("requestId"),
        )
        for part in ("repeated", "at-once")
    ),
    asks(
        "executions.execute.request-id.other",
        "takes all requests for one",
        "execute",
        bodied(lambda body: body.update(requestId=ONE)),
    ),
    asks(
        "executions.execute.request-id.none",
        "takes requests without an id for one",
        "execute",
        filled("requestId", ONE),
    ),
    *(
        asks(
            f"executions.execute.{part}",
            "runs another execution than was named",
            "execute",
            body_without("executionId"),
        )
        for part in ("resume", "resume.absent", "resume.done")
    ),
    asks(
        "executions.execute.trigger.required",
        "needs no trigger",
        "execute",
        filled("triggerId", TRIGGER),
    ),
    asks(
        "executions.execute.trigger.unknown",
        "runs by any trigger",
        "execute",
        bodied(lambda body: body.update(triggerId=TRIGGER)),
    ),
    asks(
        "executions.execute.absent",
        "runs another integration",
        "execute",
        renamed("-of-nobody", ""),
    ),
    not_there("executions.execute.path.v1.products", "execute", "v1", True),
    not_there("executions.execute.path.v1alpha", "execute", "v1alpha", False),
    not_there("executions.execute.path.v1alpha.products", "execute", "v1alpha", True),
    declared(
        remembers_refusals(),
        "executions.execute.refused-makes-none",
        "remembers the ids of requests that it refused",
    ),
]


def any_trigger(found: dict[str, list[str]]) -> None:
    found["triggerId"] = [TRIGGER]


def in_v2(change: Any) -> Any:
    """Changes each execution of a list."""
    return lambda told, _: [change(each) for each in told.get("executions", [])]


MADE_V2 = [
    asks(
        "executions.v2.schedule.waits",
        "runs at once",
        "schedule",
        unqueried("scheduleTime"),
        version="v2",
    ),
    says(
        "executions.v2.schedule.variables",
        "drops variables that are null",
        "list",
        in_v2(lambda each: each.get("requestVariables", {}).pop("none", None)),
        version="v2",
    ),
    declared(never_waits(), "executions.v2.execute.ended", "answers before it has run"),
    lies(
        "executions.v2.execute.no-body",
        "needs variables",
        "execute",
        lambda request: request.body == b"{}",
    ),
    *(
        asks(
            f"executions.v2.{verb}.request-id",
            "reads no requestId",
            verb,
            unqueried("requestId"),
            version="v2",
        )
        for verb in ("schedule", "execute")
    ),
    *(
        asks(
            f"executions.v2.{verb}.trigger.{part}", "takes any trigger", verb, queried(any_trigger)
        )
        for verb in ("schedule", "execute")
        for part in ("required", "unknown")
    ),
    says(
        "executions.v2.list.name",
        "shows no updateTime",
        "list",
        in_v2(lambda each: each.pop("updateTime")),
        version="v2",
    ),
    says(
        "executions.v2.list.attempts",
        "shows no end of an attempt",
        "list",
        in_v2(lambda each: [one.pop("endTime", None) for one in each["executionAttemptStats"]]),
        version="v2",
    ),
    says(
        "executions.v2.list.variables",
        "shows variables as texts",
        "list",
        in_v2(
            lambda each: each.update(
                requestVariables={k: str(v) for k, v in each["requestVariables"].items()}
            )
        ),
        version="v2",
    ),
    says(
        "executions.v2.pages",
        "shows the first execution of a page twice",
        "list",
        lambda told, _: told["executions"].append(told["executions"][0]),
        version="v2",
    ),
    asks(
        "executions.v2.page-size.negative",
        "takes -1 for none",
        "list",
        unqueried("pageSize"),
        version="v2",
    ),
    says(
        "executions.v2.schedule.seen-by-v1",
        "shows parameters of v2 as texts",
        "get",
        lambda shown, _: shown["requestParameters"].update(yes={"stringValue": "true"}),
    ),
]
