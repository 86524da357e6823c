"""Wrong servers of the profile `access`."""

from typing import Any

from mutants import rest_changes as rest
from mutants.changes import Code, a_success, made, says, takes
from mutants.proxies.calls import Call, Forward, Reply
from mutants.proxies.requests import Forward as RestForward
from mutants.proxies.requests import Request, Response

AUTHORIZATION = "authorization"
LIST, CREATE, GET = "TriggerService/List", "TriggerService/Create", "TriggerService/Get"
SCHEDULE = "Executions/ScheduleIntegrations"


def credentials(call: Call) -> list[str]:
    return [str(value) for key, value in call.metadata if key == AUTHORIZATION]


def remembers(change: Any) -> Any:
    """Knows a right credential once it was used, and takes others for it."""

    def wrong(call: Call, forward: Forward) -> Reply:
        sent = credentials(call)
        right = call.memory.get("right")
        if right is not None and change(sent, right):
            call.metadata[:] = [p for p in call.metadata if p[0] != AUTHORIZATION]
            call.metadata.append((AUTHORIZATION, right))
        reply = forward(call.request)
        if right is None and reply.ok and sent:
            call.memory["right"] = sent[0]
        return reply

    return wrong


def who_is_nobody(breaks: str, does: str, change: Any, family: str = "") -> Any:
    return made(remembers(change), does, breaks, "", family)


def validates_first(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.code is Code.UNAUTHENTICATED and not call.request.HasField("rule"):
        return reply.but(code=Code.INVALID_ARGUMENT)
    return reply


def looks_first(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    return reply.but(code=Code.NOT_FOUND) if reply.code is Code.UNAUTHENTICATED else reply


def repeats(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.code is Code.UNAUTHENTICATED:
        return reply.but(text=f"{reply.text}: {' '.join(credentials(call))}")
    return reply


def repeats_right(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    headers = [*reply.headers, ("x-caller", " ".join(credentials(call)))]
    return reply.but(headers=headers)


def open_to_nobody(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if reply.code is Code.UNAUTHENTICATED and not credentials(call):
        return Reply(message=a_success(call))
    return reply


def repeats_over_rest(request: Request, forward: RestForward) -> Response:
    response = forward(request)
    if response.status == 401:
        body = response.body.replace(
            b'"message"',
            b'"was": "%s", "message"'
            % ((request.header(AUTHORIZATION) or request.target).encode()),
        )
        return response.but(body=body)
    return response


def status(was: int, instead: int) -> Any:
    return lambda r: r.but(status=instead) if r.status == was else r


def code(instead: int) -> Any:
    return lambda r: r if r.ok else r.with_json({**r.json, "code": instead})


def bare(response: Response) -> Response:
    return response if response.ok else response.with_json(response.json.get("error", {}))


STRANGERS = [
    *(
        made(
            open_to_nobody,
            f"answers {method} to callers without a credential",
            f"access.no-credential.{id}",
            method,
            "access.no-credential.*",
        )
        for id, method in (
            ("triggers.get", GET),
            ("triggers.create", CREATE),
            ("executions.schedule-integrations", SCHEDULE),
            ("operations.get", "OperationService/Get"),
        )
    ),
    *(
        says(
            f"access.wrong-credential.{id}",
            method,
            "denies a wrong credential",
            Code.PERMISSION_DENIED,
            instead_of=Code.UNAUTHENTICATED,
            family="access.wrong-credential.*",
        )
        for id, method in (
            ("triggers.list", LIST),
            ("google-operations.get-operation", "Operations/GetOperation"),
        )
    ),
    made(
        validates_first,
        "looks at the request before the caller",
        "access.before.validation",
        CREATE,
    ),
    made(looks_first, "looks for the resource before the caller", "access.before.existence", ""),
    who_is_nobody(
        "access.credential.empty",
        "takes an empty token",
        lambda sent, _: any(not each.partition(" ")[2].strip() for each in sent),
    ),
    who_is_nobody(
        "access.credential.cut",
        "takes the beginning of a credential",
        lambda sent, right: any(right.startswith(each) for each in sent),
    ),
    who_is_nobody(
        "access.credential.longer",
        "takes what begins with a credential",
        lambda sent, right: any(each.startswith(right) for each in sent),
    ),
    who_is_nobody(
        "access.credential.case",
        "does not mind the case of a credential",
        lambda sent, right: any(each.lower() == right.lower() for each in sent),
    ),
    who_is_nobody(
        "access.credential.other-scheme",
        "does not read the scheme",
        lambda sent, right: any(e.split()[-1] == right.split()[-1] for e in sent),
    ),
    who_is_nobody(
        "access.credential.no-scheme",
        "needs no scheme",
        lambda sent, right: any(each == right.split()[-1] for each in sent),
    ),
    who_is_nobody(
        "access.credential.twice",
        "takes the first of two credentials",
        lambda sent, _: any("," in each for each in sent),
    ),
    made(repeats, "repeats a wrong credential", "access.secret.wrong", ""),
    made(repeats_right, "has the credential in a header", "access.secret.right", ""),
]

OVER_REST = [
    rest.answers(
        "access.rest.no-credential.triggers.get",
        "answers 403 for 401",
        status(401, 403),
        family="access.rest.no-credential.*",
    ),
    rest.answers(
        "access.rest.no-credential.executions.schedule-integrations",
        "answers 400 for 401",
        status(401, 400),
        family="access.rest.no-credential.*",
    ),
    rest.answers("access.rest.envelope", "says 7 in the body of a 401", code(7)),
    rest.answers("access.rest.google-envelope", "has no envelope around Google's 401", bare),
    rest.asks(
        "access.rest.authorization",
        "does not read the header of REST",
        lambda r: rest.headed(r, AUTHORIZATION, None),
    ),
    rest.made(
        repeats_over_rest,
        "repeats a wrong credential over REST",
        "access.secret.wrong-over-rest",
        "",
    ),
    rest.made(
        repeats_over_rest,
        "repeats the query of a refused request",
        "access.rest.secret-in-query",
        "",
    ),
    rest.answers("access.elsewhere.rest", "answers 404 for 403", status(403, 404)),
    rest.answers("access.elsewhere.google-rest", "has no envelope around Google's 403", bare),
]

ELSEWHERE = [
    takes(
        "access.elsewhere.triggers.create",
        CREATE,
        "creates in a folder of others",
        of=Code.PERMISSION_DENIED,
    ),
    takes(
        "access.elsewhere.triggers.list",
        LIST,
        "lists a folder of others as empty",
        of=Code.PERMISSION_DENIED,
    ),
    takes(
        "access.elsewhere.executions.schedule-integrations",
        SCHEDULE,
        "schedules in a project of others",
        of=Code.PERMISSION_DENIED,
    ),
    says(
        "access.elsewhere.google-operations.list-operations",
        "Operations/ListOperations",
        "says that a project of others does not exist",
        Code.NOT_FOUND,
        instead_of=Code.PERMISSION_DENIED,
    ),
    takes(
        "access.elsewhere.unknown-trigger",
        "TriggerService/Delete",
        "deletes what does not exist",
        of=Code.PERMISSION_DENIED,
    ),
]
