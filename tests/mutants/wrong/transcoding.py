"""Wrong servers of the profile `transcoding`."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from mutants.proxies.requests import Forward, Request, Response
from mutants.rest_changes import (
    PATHS,
    answers,
    asks,
    headed,
    made,
    objects,
    reads,
    refuses_body,
    refuses_if,
    target,
    writes,
)

DIGITS = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"


def without(*names: str) -> Any:
    return lambda value: {k: v for k, v in value.items() if k not in names}


def renamed(old: str, new: str) -> Any:
    return lambda value: {new if k == old else k: v for k, v in value.items()}


def as_entries(value: dict[str, Any]) -> Any:
    labels = value.get("labels")
    if isinstance(labels, dict):
        value["labels"] = [{"key": key, "value": labels[key]} for key in labels]
    return value


def typed(kind: str) -> Any:
    return lambda response: response.but(
        headers=tuple((k, kind if k.lower() == "content-type" else v) for k, v in response.headers)
    )


def dead_letters(value: dict[str, Any]) -> Any:
    return {"deadLetterQueue": {}, **value} if "functionId" in value else value


def no_empty_objects(value: dict[str, Any]) -> Any:
    return {k: v for k, v in value.items() if v != "0s"}


def status(code: int) -> Any:
    return lambda r: r if r.ok else r.but(status=code)


def wrapped(response: Response) -> Response:
    if response.ok:
        return response
    return response.with_json({"error": response.json})


def unwrapped(response: Response) -> Response:
    if response.ok:
        return response
    told = response.json
    return response.with_json(told.get("error", told))


def in_error(change: Any) -> Any:
    def changed(response: Response) -> Response:
        if response.ok:
            return response
        told = response.json
        change(told.get("error", told))
        return response.with_json(told)

    return changed


def twice(told: Any) -> None:
    told["details"] = told.get("details", []) * 2


def of_path(name: str) -> Any:
    """Takes from the body what the path binds."""

    def change(request: Request) -> Request:
        found = re.search(rf'"{name}"\s*:\s*"([^"]*)"'.encode(), request.body)
        if found is None:
            return request
        value = found[1].decode()
        if request.target.startswith("/v1"):
            return target(request, r"/v1/.*:schedule", f"/v1/{value}:schedule")
        return target(request, rf"{PATHS}/[^/:?]+", f"{PATHS}/{value}")

    return change


def of_query(name: str) -> Any:
    def change(request: Request) -> Request:
        found = dict(parse_qsl(request.target.partition("?")[2])).get(name)
        return target(request, rf"{PATHS}/.*", f"{PATHS}/{found}") if found else request

    return change


def query_into_body(request: Request) -> Request:
    """Lets the query set fields of the body."""
    path, _, query = request.target.partition("?")
    if not query or not request.body:
        return request
    body = json.loads(request.body)
    for name, value in parse_qsl(query):
        inner = body
        *above, last = re.sub(r"_([a-z])", lambda m: m[1].upper(), name).split(".")
        for each in above:
            inner = inner.setdefault(each, {})
        inner[last] = value
    return request.but(target=path).with_json(body)


def body_into_query(request: Request) -> Request:
    if not request.body:
        return request
    body = {k: v for k, v in json.loads(request.body).items() if isinstance(v, str)}
    more = "&".join(f"{k}={v}" for k, v in body.items())
    path, _, query = request.target.partition("?")
    kept = "&".join(p for p in query.split("&") if p.split("=")[0] not in body)
    return request.but(target=f"{path}?{kept}&{more}", body=b"")


def body_into_path(request: Request) -> Request:
    return of_path("triggerId")(request).but(body=b"") if request.body else request


def lenient_json(request: Request) -> Request:
    """Reads as much of broken JSON as it can."""
    text = request.body.decode("utf-8", "replace").rstrip()
    for more in ("", "}", '"}', "}}", "}}}", "}}}}"):
        try:
            json.loads(text + more)
        except ValueError:
            continue
        return request.but(body=(text + more).encode())
    return request


def first_of_list(request: Request) -> Request:
    try:
        value = json.loads(request.body)
    except ValueError:
        return request
    return request.with_json(value[0]) if isinstance(value, list) and value else request


def large_is_cut(response: Response) -> Response:
    return response.but(body=response.body[:65536])


def one_space(request: Request) -> Request:
    if re.search(rb"\n|\t|^\s|\s$", request.body):
        return request.but(body=b"broken")
    return request


def verb_as(verb: str, other: str, pattern: str) -> Any:
    def change(request: Request) -> Request:
        fits = request.verb == verb and re.search(pattern, request.target)
        return request.but(verb=other) if fits else request

    return change


def undecoded(request: Request) -> Request:
    path, _, query = request.target.partition("?")
    return target(request, r"^.*$", path.replace("%", "%25") + (f"?{query}" if query else ""))


def decoded_twice(request: Request) -> Request:
    path, _, query = request.target.partition("?")
    return target(
        request, r"^.*$", unquote(path).replace(" ", "%20") + (f"?{query}" if query else "")
    )


def ignores_key(request: Request) -> Request:
    return headed(request, "idempotency-key", None)


def number_words(request: Request, forward: Forward) -> Response:
    changed = target(request, r"(pageSize=)(?!\d+(&|$))[^&]*", r"\g<1>1")
    return forward(changed)


ANSWERS = [
    answers("transcoding.answer.content-type", "calls its JSON text/plain", typed("text/plain")),
    answers(
        "transcoding.answer.google.content-type",
        "calls the JSON of Google's calls text/plain",
        typed("text/plain"),
    ),
    objects("transcoding.answer.same.get", "leaves labels out", without("labels")),
    objects("transcoding.answer.same.list", "leaves rules out of a list", without("rule")),
    objects(
        "transcoding.answer.same.operation",
        "does not say over REST who asked",
        without("createdBy"),
    ),
    objects(
        "transcoding.answer.name.lower-camel",
        "writes created_at",
        renamed("createdAt", "created_at"),
    ),
    objects(
        "transcoding.answer.google.names",
        "writes execution_info_ids",
        renamed("executionInfoIds", "execution_info_ids"),
    ),
    writes(
        "transcoding.answer.int64.string",
        "writes int64 as a number",
        r'("retryAttempts":\s*)"(\d+)"',
        r"\1\2",
    ),
    writes("transcoding.answer.enum.name", "writes an enum as its number", r'"ACTIVE"', "1"),
    writes(
        "transcoding.answer.duration.whole",
        "writes whole seconds with a point",
        r'"(\d+)s"',
        r'"\1.0s"',
        family="transcoding.answer.duration.*",
    ),
    writes(
        "transcoding.answer.duration.millis",
        "leaves out zeros of a Duration",
        r'(\.\d\d)0s"',
        r'\1s"',
        family="transcoding.answer.duration.*",
    ),
    writes(
        "transcoding.answer.timestamp",
        "writes +00:00 for Z",
        rf'"{DIGITS}([.\d]*)Z"',
        r'"\1\2+00:00"',
    ),
    objects("transcoding.answer.map", "writes a map as a list of entries", as_entries),
    objects("transcoding.answer.any.type", "leaves @type out of an Any", without("@type")),
    writes(
        "transcoding.answer.any.empty",
        "writes Empty as an Any without a type",
        r'\{\s*"@type":\s*"type.googleapis.com/google.protobuf.Empty"[^}]*\}',
        "{}",
    ),
    objects("transcoding.answer.unset-message", "writes messages that are not set", dead_letters),
    objects(
        "transcoding.answer.set-message", "leaves out Durations of no length", no_empty_objects
    ),
    answers(
        "transcoding.answer.utf-8",
        "writes UTF-16",
        lambda r: r.but(body=r.body.decode().encode("utf-16")),
    ),
    answers("transcoding.answer.large", "cuts answers at 64 KiB", large_is_cut),
]

ERRORS = [
    answers("transcoding.error.not-found", "answers 400 to what is not found", status(400)),
    *(
        answers(
            f"transcoding.error.status.{what}",
            f"answers {code} to {what}",
            status(code),
            family="transcoding.error.status.*",
        )
        for what, code in (("unknown", 400), ("invalid-argument", 422), ("already-exists", 400))
    ),
    *(
        answers(
            f"transcoding.error.envelope.{what}",
            "wraps errors of triggers in an envelope",
            wrapped,
            family="transcoding.error.envelope.*",
        )
        for what in ("unknown", "unreadable")
    ),
    answers(
        "transcoding.error.same-as-grpc",
        "has another code over REST",
        in_error(lambda told: told.update(code=3)),
    ),
    *(
        answers(
            f"transcoding.error.google.envelope.{what}",
            "has no envelope around errors of Google's calls",
            unwrapped,
            family="transcoding.error.google.envelope.*",
        )
        for what in ("not-found", "unreadable")
    ),
    answers(
        "transcoding.error.google.error-info.not-found",
        "has no ErrorInfo",
        in_error(lambda told: told.pop("details", None)),
        family="transcoding.error.google.error-info.*",
    ),
    answers("transcoding.error.google.detail-types", "has each detail twice", in_error(twice)),
    answers(
        "transcoding.error.google.same-as-grpc",
        "calls each error of Google's calls ABORTED",
        in_error(lambda told: told.update(status="ABORTED", code=409)),
    ),
    asks("transcoding.header.idempotency-key", "does not read Idempotency-Key", ignores_key),
]

BODIES = [
    refuses_if(
        "transcoding.body.type.charset",
        "refuses a charset in the content type",
        lambda r: "charset" in (r.header("content-type") or ""),
        415,
    ),
    refuses_if(
        "transcoding.body.type.upper-case",
        "reads content types in small letters alone",
        lambda r: (r.header("content-type") or "") != (r.header("content-type") or "").lower(),
        415,
    ),
    refuses_if(
        "transcoding.body.chunked.read",
        "refuses bodies without a length",
        lambda r: r.header("transfer-encoding"),
        411,
    ),
    refuses_if(
        "transcoding.body.chunked.google",
        "refuses Google's bodies without a length",
        lambda r: r.header("transfer-encoding"),
        411,
    ),
    asks(
        "transcoding.body.broken.cut-off",
        "closes the braces of a body",
        lenient_json,
        family="transcoding.body.broken.*",
    ),
    asks(
        "transcoding.body.broken.google.cut-off",
        "closes the braces of Google's bodies",
        lenient_json,
        family="transcoding.body.broken.google.*",
    ),
    reads(
        "transcoding.body.broken.list",
        "takes a list for its first element",
        r"^\s*\[(.*)\]\s*$",
        r"\1",
        family="transcoding.body.broken.*",
    ),
    reads(
        "transcoding.body.broken.google.list",
        "takes a list of Google's for its first element",
        r"^\s*\[(.*)\]\s*$",
        r"\1",
        family="transcoding.body.broken.google.*",
    ),
    asks("transcoding.body.white-space", "reads JSON on one line alone", one_space),
    refuses_if(
        "transcoding.body.empty.object",
        "refuses a body without members",
        lambda r: r.body.strip() == b"{}",
    ),
    asks(
        "transcoding.body.where-none-is.get", "reads the body of a GET", body_into_query, at="GET"
    ),
    asks(
        "transcoding.body.where-none-is.delete",
        "deletes what the body names",
        body_into_path,
        at="DELETE",
    ),
]

VALUES = [
    *(
        refuses_body(f"transcoding.{what}", f"refuses {does}", pattern, family=family)
        for what, does, pattern, family in (
            ("timestamp.nanos", "nanoseconds", r'\.\d{9}Z"', "transcoding.timestamp.*"),
            (
                "timestamp.one-digit",
                "one digit of a fraction",
                r':\d\d\.\dZ"',
                "transcoding.timestamp.*",
            ),
            ("timestamp.offset-west", "an offset", r'-08:00"', "transcoding.timestamp.*"),
            ("bytes.url-safe", "URL-safe base64", r'"[\w=]*[-_][\w=-]*"\s*\}\}', ""),
            ("double.string", "a double in quotes", r'"doubleValue":\s*"2', "transcoding.double.*"),
            ("double.nan", "NaN", r'"NaN"', "transcoding.double.*"),
            ("int64.number", "an int64 without quotes", r'"retryAttempts":\s*\d', ""),
            ("int64.exponent", "an exponent", r'"retryAttempts":\s*[\d.]+e', ""),
            ("int64.string", "an int64 in quotes", r'"retryAttempts":\s*"', ""),
            ("duration.nanos", "nanoseconds of a Duration", r'\.\d{9}s"', "transcoding.duration.*"),
            ("duration.half", "one digit of a Duration", r'\.\ds"', "transcoding.duration.*"),
            ("enum.number", "the number of an enum", r'"eventType":\s*\[\d', "transcoding.enum.*"),
            ("enum.google-number", "the number of an enum of Google's", r'"dataType":\s*\d', ""),
            ("map.null", "null for a map", r'"labels":\s*null', "transcoding.map.*"),
            ("list.null", "null for a list", r":\s*null", "transcoding.list.*"),
            ("null.is-unset", "null", r":\s*null", ""),
            ("oneof.null-first", "null in a oneof", r":\s*null", "transcoding.oneof.*"),
            (
                "string.unicode-escape",
                "escaped characters",
                r"\\u[0-9a-f]{4}",
                "transcoding.string.*",
            ),
            (
                "field-mask.camel-case-path",
                "camelCase paths",
                r'"updateMask":\s*"[^"]*[A-Z]',
                "transcoding.field-mask.*",
            ),
            ("name.proto", "the names of protos", r'"folder_id"', "transcoding.name.*"),
            ("name.google-proto", "Google's names of protos", r'"trigger_id"', ""),
            (
                "any.type-last",
                "an Any whose @type comes last",
                r'[^{]\s*"@type"',
                "transcoding.any.*",
            ),
            ("any.struct", "a Struct in an Any", r"protobuf\.Struct", "transcoding.any.*"),
        )
    ),
    *(
        reads(f"transcoding.{what}", f"reads {does}", pattern, instead, family=family)
        for what, does, pattern, instead, family in (
            (
                "timestamp.no-offset",
                "a time without an offset",
                rf'"{DIGITS}"',
                r'"\1Z"',
                "transcoding.timestamp.*",
            ),
            (
                "timestamp.no-t",
                "a space for T",
                r'"(\d{4}-\d\d-\d\d) (\d)',
                r'"\1T\2',
                "transcoding.timestamp.*",
            ),
            (
                "timestamp.seconds",
                "seconds as a number",
                r'("scheduleTime":\s*)\d+',
                r'\1"2098-01-01T00:00:00Z"',
                "transcoding.timestamp.*",
            ),
            (
                "timestamp.date-alone",
                "a date",
                r'"(\d{4}-\d\d-\d\d)"',
                r'"\1T00:00:00Z"',
                "transcoding.timestamp.*",
            ),
            ("bool.word", "yes for true", r'"yes"', "true", "transcoding.bool.*"),
            ("double.text", "a word for a double", r'"two"', "2", "transcoding.double.*"),
            (
                "double.bare-nan",
                "NaN without quotes",
                r":\s*NaN",
                ': "NaN"',
                "transcoding.double.*",
            ),
            (
                "int64.fraction",
                "2.5 as 2",
                r'("retryAttempts":\s*)2\.5',
                r"\g<1>2",
                "transcoding.int64.*",
            ),
            ("int64.text", "a word as an int64", r'"five"', "5", "transcoding.int64.*"),
            (
                "int64.boolean",
                "true as 1",
                r'("retryAttempts":\s*)true',
                r"\g<1>1",
                "transcoding.int64.*",
            ),
            (
                "int64.out-of-range",
                "a number of 65 bits as 5",
                r"18446744073709551621",
                "5",
                "transcoding.int64.*",
            ),
            ("int64.hexadecimal", "hexadecimal digits", r'"0x5"', '"5"', "transcoding.int64.*"),
            (
                "bytes.no-base64",
                "bytes that are not base64",
                r'("objectValue":\s*)"[^"]*"',
                r'\1""',
                "transcoding.bytes.*",
            ),
            (
                "duration.no-unit",
                "a Duration without its s",
                r'("interval":\s*)"(\d+)"',
                r'\1"\2s"',
                "transcoding.duration.*",
            ),
            (
                "duration.number",
                "a Duration that is a number",
                r'("interval":\s*)(\d+)',
                r'\1"\2s"',
                "transcoding.duration.*",
            ),
            ("duration.minutes", "minutes", r'"1m"', '"60s"', "transcoding.duration.*"),
            (
                "duration.iso",
                "ISO 8601 as a Duration",
                r'"PT12S"',
                '"12s"',
                "transcoding.duration.*",
            ),
            (
                "string.number",
                "a number as a string",
                r'("description":\s*)(\d+)',
                r'\1"\2"',
                "transcoding.string.*",
            ),
            (
                "string.boolean",
                "a boolean as a string",
                r'("description":\s*)(true|false)',
                r'\1"\2"',
                "transcoding.string.*",
            ),
            (
                "map.number-value",
                "a number as a label",
                r'("labels":\s*\{"\w+":\s*)(\d+)',
                r'\1"\2"',
                "transcoding.map.*",
            ),
            (
                "list.scalar",
                "one value as a list",
                r'("levels":\s*)("\w+")',
                r"\1[\2]",
                "transcoding.list.*",
            ),
            (
                "oneof.two-members",
                "the first of two members",
                r', "invokeContainer\w*":\s*\{[^}]*\}|, "gatewayWebsocketBroadcast":\s*\{[^}]*\}',
                "",
                "transcoding.oneof.*",
            ),
            (
                "field-mask.list",
                "a list as a FieldMask",
                r'("updateMask":\s*)\["([^]]*)"\]',
                r'\1"\2"',
                "transcoding.field-mask.*",
            ),
            (
                "field-mask.object",
                "an object as a FieldMask",
                r'("updateMask":\s*)\{"paths":\s*\["([^]]*)"\]\}',
                r'\1"\2"',
                "transcoding.field-mask.*",
            ),
            (
                "name.wrong.upper-camel",
                "names in UpperCamel",
                r'"FolderId"',
                '"folderId"',
                "transcoding.name.wrong.*",
            ),
            (
                "name.wrong.kebab",
                "names with hyphens",
                r'"folder-id"',
                '"folderId"',
                "transcoding.name.wrong.*",
            ),
        )
    ),
]

PATHS_AND_QUERIES = [
    asks(
        "transcoding.path.single.decoded.upper",
        "does not decode a path",
        undecoded,
        family="transcoding.path.single.decoded.*",
    ),
    asks("transcoding.path.single.decoded.once", "decodes a path twice", decoded_twice),
    asks(
        "transcoding.path.single.slash.upper",
        "takes %2F in a path for a slash",
        lambda r: target(r, "%2F", "/"),
        family="transcoding.path.single.slash.*",
    ),
    *(
        asks(
            f"transcoding.path.foreign.{what}",
            f"takes {verb} for {other}",
            verb_as(verb, other, pattern),
            family="transcoding.path.foreign.*",
        )
        for what, verb, other, pattern in (
            ("put-trigger", "PUT", "PATCH", PATHS),
            ("get-pause", "GET", "POST", ":pause"),
            ("put-pause", "PUT", "POST", ":pause"),
        )
    ),
    asks(
        "transcoding.path.foreign.verb-in-upper-case",
        "does not mind the case of a verb",
        lambda r: target(r, ":PAUSE|:Pause", ":pause"),
        family="transcoding.path.foreign.*",
    ),
    asks(
        "transcoding.path.foreign.literal-in-upper-case",
        "does not mind the case of a path",
        lambda r: target(r, r"(?i)^/triggers/v1/triggers", PATHS),
        family="transcoding.path.foreign.*",
    ),
    asks(
        "transcoding.path.foreign.google.get",
        "schedules with a GET",
        lambda r: (
            r.but(
                verb="POST",
                body=b'{"triggerId": "api_trigger/nightly", '
                b'"scheduleTime": "2098-01-01T00:00:00Z"}',
                headers=(*r.headers, ("content-type", "application/json")),
            )
            if r.verb == "GET"
            else r
        ),
        family="transcoding.path.foreign.google.*",
    ),
    asks(
        "transcoding.path.foreign.google.empty-segment",
        "takes two slashes for one",
        lambda r: target(r, "(?<!:)//", "/"),
        family="transcoding.path.foreign.google.*",
    ),
    asks(
        "transcoding.path.foreign.google.no-verb",
        "schedules where the path has no verb",
        lambda r: target(r, r"(/integrations/[^:?]+)(\?|$)", r"\1:schedule\2"),
        family="transcoding.path.foreign.google.*",
    ),
    asks(
        "transcoding.path.wins.body",
        "takes the id from the body",
        of_path("triggerId"),
        family="transcoding.path.wins.body*",
    ),
    asks(
        "transcoding.path.wins.query",
        "takes the id from the query",
        of_query("triggerId"),
        family="transcoding.path.wins.query*",
    ),
    asks("transcoding.path.wins.google-body", "schedules what the body names", of_path("name")),
    refuses_if(
        "transcoding.query.name.proto-name",
        "knows no proto names in a query",
        lambda r: "folder_id=" in r.target,
        family="transcoding.query.name.*",
    ),
    refuses_if(
        "transcoding.query.name.json-name",
        "knows no JSON names in a query",
        lambda r: "folderId=" in r.target,
        family="transcoding.query.name.*",
    ),
    asks(
        "transcoding.query.name.upper-case",
        "does not mind the case of a parameter",
        lambda r: target(r, "FOLDERID=", "folderId="),
    ),
    asks(
        "transcoding.query.value.escaped-ampersand",
        "ends a value at %26",
        lambda r: target(r, r"\w+=\w+%26", ""),
    ),
    asks(
        "transcoding.query.value.space",
        "does not decode %20",
        lambda r: target(r, "%20", "%2520"),
        family="transcoding.query.value.*",
    ),
    made(
        number_words,
        "takes words for the number 1",
        "transcoding.query.int64.word",
        "GET",
        "transcoding.query.int64.*",
    ),
    refuses_if(
        "transcoding.query.page-token",
        "does not know the tokens that it gave",
        lambda r: "pageToken=" in r.target,
    ),
    asks(
        "transcoding.query.body-star.field",
        "lets the query set what the body has not",
        query_into_body,
        family="transcoding.query.body-star.*",
    ),
    asks(
        "transcoding.query.body-star.required",
        "takes what is required from the query",
        query_into_body,
        family="transcoding.query.body-star.*",
    ),
    asks(
        "transcoding.query.body-star.google",
        "takes Google's trigger_id from the query",
        query_into_body,
    ),
    *(
        refuses_if(
            f"transcoding.route.{what}",
            f"has no {what}",
            lambda r, v=verb, p=pattern: r.verb == v and re.search(p, r.target),
            404,
            family="transcoding.route.*",
        )
        for what, verb, pattern in (
            ("triggers.pause", "POST", ":pause"),
            ("triggers.delete", "DELETE", PATHS),
            ("triggers.list-operations", "GET", "/operations"),
            ("operations.cancel", "GET", ":cancel"),
            ("executions.schedule.v1alpha", "POST", "/v1alpha/"),
            ("executions.schedule.v1-products", "POST", "/products/"),
        )
    ),
]


def as_sent(request: Request) -> Request:
    """Reads chunks whose size is no number."""
    _, begun, body = (request.raw or b"").partition(b"\r\nzz\r\n")
    return request.but(body=body.partition(b"\r\n0\r\n")[0]) if begun else request


def coded(code: int) -> Any:
    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        coded = request.header("content-encoding") is not None
        return response.but(status=code) if coded and not response.ok else response

    return wrong


def broken_by(pattern: str) -> Any:
    """Breaks at what it can't decode."""

    def wrong(request: Request, forward: Forward) -> Response:
        response = forward(request)
        return response.but(status=500) if re.search(pattern, request.target) else response

    return wrong


MORE = [
    *(
        answers(
            f"transcoding.answer.status.{what}",
            f"answers {code} to a {what} that succeeds",
            lambda r, code=code: r.but(status=code) if r.ok else r,  # type: ignore[misc]
            family="transcoding.answer.status.*",
        )
        for what, code in (("create", 201), ("delete", 204), ("update", 202), ("schedule", 202))
    ),
    refuses_if(
        "transcoding.body.type.json",
        "does not read application/json",
        lambda r: r.header("content-type") == "application/json",
        415,
    ),
    asks("transcoding.body.chunked.broken", "reads chunks without a size", as_sent),
    *(
        made(
            coded(500),
            "breaks at a body that it can't inflate",
            f"transcoding.body.coding.{what}",
            "",
            "transcoding.body.coding.*",
        )
        for what in ("cut-off", "unknown")
    ),
    refuses_if(
        "transcoding.body.expect-continue",
        "refuses Expect",
        lambda r: r.header("expect"),
        417,
    ),
    refuses_body(
        "transcoding.body.members-in-any-order",
        "asks for the folder first",
        r'^\s*\{\s*"(?!folderId)',
    ),
    refuses_if(
        "transcoding.path.variable",
        "finds no trigger by its path",
        lambda r: r.verb == "GET",
        404,
    ),
    asks(
        "transcoding.path.single.colon",
        "takes %3A for a colon",
        lambda r: target(r, "%3[Aa]pause", ":pause"),
    ),
    asks(
        "transcoding.path.multi.decoded",
        "does not decode the name of an integration",
        undecoded,
        family="transcoding.path.multi.*",
    ),
    asks(
        "transcoding.path.multi.slash.upper",
        "takes %2F in a name for a slash",
        lambda r: target(r, "%2[Ff]", "/"),
        family="transcoding.path.multi.slash.*",
    ),
    *(
        made(
            broken_by("%4(?![0-9a-fA-F])|%zz|%ff|%00"),
            "breaks at what it can't decode",
            f"transcoding.{what}",
            "",
            f"transcoding.{what.split('.')[0]}.broken.*",
        )
        for what in ("path.broken.cut", "path.broken.nul", "query.broken.no-utf-8")
    ),
    asks(
        "transcoding.query.bool.true",
        "does not read a bool of the query",
        lambda r: target(r, r"[?&]return\w*artial\w*=true", ""),
    ),
    refuses_if(
        "transcoding.query.bool.false",
        "refuses false",
        lambda r: re.search(r"=false", r.target),
    ),
    asks(
        "transcoding.query.bool.word",
        "takes words for false",
        lambda r: target(r, r"(return\w*artial\w*)=(?!true|false)\w+", r"\1=false"),
    ),
    asks(
        "transcoding.query.int32.out-of-range",
        "cuts an int32",
        lambda r: target(r, r"(pageSize|page_size)=\d{9,}", r"\1=1"),
    ),
    *(
        reads(
            f"transcoding.message.{what}",
            f"reads {does} as a message",
            pattern,
            r'\1{"timer": {"cronExpression": "0 0 1 1 ? 2099", "invokeFunction": '
            '{"functionId": "f"}}}',
            family="transcoding.message.*",
        )
        for what, does, pattern in (
            ("string", "a string", r'("rule":\s*)"[^"]*"'),
            ("number", "a number", r'("rule":\s*)\d+'),
        )
    ),
]


def empty_is_enough(request: Request, forward: Forward) -> Response:
    """takes a body that has nothing"""
    response = forward(request)
    if response.status == 400 and request.body.strip() in (b"", b"{}"):
        return response.but(status=200).with_json({})
    return response


EMPTY = [
    made(
        empty_is_enough,
        "takes a body without what is required",
        "transcoding.body.empty.required",
        "POST",
    )
]
