"""Bodies as a whole: their type, their coding, what is not one JSON object."""

import gzip
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tocsin.conformance.checks.transcoding.forms import HTTP_RULE, MAY, MUST, PROTO_JSON, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import (
    JSON,
    TIMER,
    TRIGGERS,
    MadeTriggers,
    trigger_id_of,
)
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]


def body_clause(
    name: str, sentence: str, level: Level = MUST, *, source: str, features: tuple[str, ...] = ()
) -> pytest.MarkDecorator:
    return clause(
        f"transcoding.body.{name}", level, sentence, source=source, features=("rest", *features)
    )


RFC_8259 = "RFC 8259"
TYPES: dict[str, tuple[str | None, str, Level]] = {
    "json": ("application/json", "application/json", MUST),
    "charset": ("application/json; charset=UTF-8", "application/json with a charset", MUST),
    "upper-case": ("Application/JSON", "application/json in another case", MUST),
    "none": (None, "no content type", SHOULD),
}


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param(
            value,
            marks=body_clause(
                f"type.{name}",
                f"A server {level} read a JSON body that is sent with {what}.",
                level,
                source="RFC 9110 section 8.3.1: types are case-insensitive and have parameters; "
                "RFC 8259 section 11",
            ),
        )
        for name, (value, what, level) in TYPES.items()
    ],
)
def test_json_is_read_under_its_types(triggers: MadeTriggers, content_type: str | None) -> None:
    answer = triggers.send(
        triggers.body(more='"description": "typed"'), {"Content-Type": content_type}
    )
    assert triggers.shown(answer).description == "typed"


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param(
            value,
            marks=body_clause(
                f"type.{name}",
                f"A JSON body that is sent as {value} MAY be read or refused with a 4xx; known "
                "answers are 200 (Envoy, grpc-gateway), 400 (Google) and 415.",
                MAY,
                source="RFC 9110 section 15.5.16: 415 for a format that is not supported",
            ),
        )
        for name, value in (
            ("text", "text/plain"),
            ("form", "application/x-www-form-urlencoded"),
            ("binary", "application/octet-stream"),
        )
    ],
)
def test_json_under_another_type(triggers: MadeTriggers, content_type: str) -> None:
    answer = triggers.send(triggers.body(), {"Content-Type": content_type})
    assert answer.status in (200, 400, 415)


@body_clause(
    "chunked.read",
    "A server MUST read a body that comes in chunks.",
    source="RFC 9112 section 7.1: a recipient MUST be able to parse the chunked transfer coding",
)
def test_chunks_are_read(triggers: MadeTriggers) -> None:
    body = triggers.body(more='"description": "жя"').encode()
    pieces = [body[:1], body[1:30], *(body[at : at + 1] for at in range(30, len(body)))]
    assert triggers.shown(triggers.send(pieces)).description == "жя"


@body_clause(
    "chunked.google",
    "A server MUST read the body of a schedule call that comes in chunks.",
    source="RFC 9112 section 7.1: a recipient MUST be able to parse the chunked transfer coding",
)
def test_chunks_of_a_schedule_call_are_read(schedules: Scheduled) -> None:
    body = schedules.body().encode()
    assert schedules.accepted([body[:9], body[9:]])  # type: ignore[arg-type]


@body_clause(
    "chunked.broken",
    "Chunks whose size is no number MUST NOT be read as a body.",
    source="RFC 9112 section 7.1: chunk-size is 1*HEXDIG",
)
def test_broken_chunks_are_refused(triggers: MadeTriggers, peer: Peer) -> None:
    name = peer.name("chunk")
    body = json.dumps({"folderId": peer.folder, "name": name, "rule": json.loads(TIMER)})
    # By its own name: a server may refuse a request for another host, whatever its body is.
    url = urlsplit(peer.options.rest or "")
    head = f"POST {url.path}{TRIGGERS} HTTP/1.1\r\nHost: {url.netloc}\r\n"
    head += "Content-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\nConnection: close\r\n"
    request = f"{head}\r\nzz\r\n{body}\r\n0\r\n\r\n".encode()
    answer = peer.rest_bytes(request)
    assert answer.status == 0 or 400 <= answer.status < 500
    found = peer.rest("GET", TRIGGERS, query={"folderId": peer.folder, "filter": f'name="{name}"'})
    assert not expect_rest_ok(found).get("triggers")


GZIP = ("compressed-requests",)
CODING = "RFC 9110 section 8.4: 415 for a content coding that is not acceptable"


@body_clause(
    "gzip.read",
    "A server SHOULD read a body that is compressed with gzip and says so.",
    SHOULD,
    source=CODING,
    features=GZIP,
)
def test_a_compressed_body_is_read(triggers: MadeTriggers) -> None:
    body = triggers.body(more='"description": "compressed"').encode()
    answer = triggers.send(gzip.compress(body), {"Content-Encoding": "gzip"})
    assert triggers.shown(answer).description == "compressed"


@pytest.mark.parametrize(
    ("coding", "damage"),
    [
        pytest.param(
            coding,
            damage,
            marks=body_clause(
                f"coding.{name}",
                f"A body that {what} MUST be answered with a 4xx, and MUST NOT be read.",
                source=CODING,
            ),
        )
        for name, what, coding, damage in (
            ("cut-off", "is compressed with gzip and cut off", "gzip", slice(0, -12)),
            ("unknown", "has a coding that nobody knows", "x-conformance", slice(None)),
            ("deflate-that-is-gzip", "is gzip and says deflate", "deflate", slice(None)),
        )
    ],
)
def test_a_body_that_is_not_coded_as_it_says(
    triggers: MadeTriggers, coding: str, damage: slice
) -> None:
    body = gzip.compress(triggers.body().encode())[damage]
    answer = triggers.send(body, {"Content-Encoding": coding})
    assert 400 <= answer.status < 500, f"it was answered {answer}"


@body_clause(
    "coding.plain-that-says-gzip",
    "A body that says gzip and is plain SHOULD be answered with a 4xx.",
    SHOULD,
    source="RFC 9110 section 8.4: Content-Encoding says how a body is coded",
)
def test_a_plain_body_that_says_gzip(triggers: MadeTriggers) -> None:
    answer = triggers.send(triggers.body(), {"Content-Encoding": "gzip"})
    assert 400 <= answer.status < 500, f"it was answered {answer}"


@body_clause(
    "expect-continue",
    "A request with `Expect: 100-continue` MUST get its final answer once its body is sent.",
    source="RFC 9110 section 10.1.1",
)
def test_a_client_that_waits_to_be_asked(triggers: MadeTriggers) -> None:
    answer = triggers.send(triggers.body(), {"Expect": "100-continue"})
    # A reader of one answer may see the interim one.
    assert answer.status in (100, 200), f"it was answered {answer}"


BROKEN: dict[str, tuple[bytes, str, Level, str]] = {
    "cut-off": (b'{"folderId": ', "is cut off", MUST, "section 2"),
    "no-quotes": (b"{folderId: x}", "has names without quotes", SHOULD, "section 7, 9"),
    "single-quotes": (b"{'folderId': 'x'}", "has single quotes", SHOULD, "section 7, 9"),
    "trailing-comma": (b'{"folderId": "x",}', "has a comma too many", SHOULD, "section 4, 9"),
    "comment": (b'{"folderId": "x" /* no */}', "has a comment", SHOULD, "section 2, 9"),
    "missing-colon": (b'{"folderId" "x"}', "lacks a colon", MUST, "section 4"),
    "more-after-it": (b'{"folderId": "x"} {}', "has more after its end", SHOULD, "section 2"),
    "text": (b"folderId=x", "is a form", MUST, "section 2"),
    "list": (b"[]", "is a list", MUST, "section 2"),
    "string": (b'"x"', "is a string", MUST, "section 2"),
    "number": (b"5", "is a number", MUST, "section 2"),
    "boolean": (b"true", "is a boolean", MUST, "section 2"),
    "no-utf-8": (b'{"folderId": "\xff\xfe"}', "is not UTF-8", SHOULD, "section 8.1"),
    "control-character": (
        b'{"folderId": "a\x01b"}',
        "has a control character in a string",
        SHOULD,
        "section 7",
    ),
    "bad-escape": (
        b'{"folderId": "\\x41"}',
        "has an escape that does not exist",
        MUST,
        "section 7",
    ),
    "leading-zero": (b'{"pageSize": 007}', "has a number that begins with 00", SHOULD, "section 6"),
}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            body,
            marks=body_clause(
                f"broken.{name}",
                f"A body that {what} {level} be refused with 400 and INVALID_ARGUMENT.",
                level,
                source=f"{RFC_8259} {section}; {PROTO_JSON}: a message is an object",
            ),
        )
        for name, (body, what, level, section) in BROKEN.items()
    ],
)
def test_a_broken_body_is_refused(triggers: MadeTriggers, body: bytes) -> None:
    whole = triggers.body()
    # With the rest of a valid request, so that nothing but the fault speaks against it.
    if body.startswith(b"{") and body.endswith(b"}") and not body.endswith(b"{}"):
        body = whole.encode()[:-1] + b", " + body[1:].replace(b"folderId", b"description")
    elif body.endswith(b"{}"):
        body = whole.encode() + b" {}"
    elif body.startswith(b"{"):
        body = whole.encode()[:-1]
    elif body == b"[]":
        body = b"[" + whole.encode() + b"]"
    triggers.refused(body)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(
            broken,
            marks=body_clause(
                f"broken.google.{name}",
                f"The body of a schedule call that {what} MUST be refused with 400.",
                source=f"{RFC_8259}; {PROTO_JSON}: a message is an object",
            ),
        )
        for name, what, broken in (
            ("cut-off", "is cut off", lambda whole: whole[:-1]),
            ("list", "is a list", lambda whole: f"[{whole}]"),
            ("string", "is a string", json.dumps),
        )
    ],
)
def test_a_broken_body_of_googles_is_refused(
    schedules: Scheduled, broken: Callable[[str], str]
) -> None:
    schedules.refused(broken(schedules.body()))


@body_clause(
    "white-space",
    "White space around and within the JSON of a body MUST NOT matter.",
    source=f"{RFC_8259} section 2: insignificant whitespace is allowed",
)
def test_white_space_does_not_matter(triggers: MadeTriggers) -> None:
    spaced = json.dumps(json.loads(triggers.body(more='"description": "a"')), indent="\t")
    answer = triggers.send("\r\n\t " + spaced + " \r\n\t")
    assert triggers.shown(answer).description == "a"


@body_clause(
    "members-in-any-order",
    "The order of the members of a body MUST NOT matter.",
    source=f"{RFC_8259} section 1: an object is an unordered collection",
)
def test_the_order_of_members_does_not_matter(triggers: MadeTriggers) -> None:
    members = json.loads(triggers.body(more='"description": "a"'))
    answer = triggers.send(json.dumps(dict(reversed(members.items()))))
    assert triggers.shown(answer).description == "a"


@body_clause(
    "deep",
    "A body that is nested too deeply SHOULD be refused with a 4xx.",
    SHOULD,
    source=f"{RFC_8259} section 9: an implementation may set limits on the depth of nesting",
)
def test_a_deep_body_is_the_clients_fault(triggers: MadeTriggers) -> None:
    answer = triggers.send(b'{"rule": ' + b'{"a": ' * 10_000 + b"1" + b"}" * 10_001)
    assert 400 <= answer.status < 500, f"it was answered {answer}"


@body_clause(
    "large",
    "A body that is larger than a server takes SHOULD be answered with a 4xx.",
    SHOULD,
    source="RFC 9110 section 15.5.14: 413 Content Too Large",
)
def test_a_large_body_is_the_clients_fault(triggers: MadeTriggers) -> None:
    answer = triggers.send(b'{"description": "' + b"d" * 32 * 2**20 + b'"}')
    assert 400 <= answer.status < 500, f"it was answered {answer}"


EMPTY = HTTP_RULE + ": 'every field not bound by the path template should be mapped to the body'"


@body_clause(
    "empty.object",
    "An empty object MUST be taken as a body where the path has all that is required.",
    source=EMPTY,
    features=("pause",),
)
def test_an_empty_object_is_a_body(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("POST", f"{TRIGGERS}/{trigger.id}:pause", body=b"{}", headers=JSON)
    triggers.settled(answer)
    assert triggers.get(trigger.id).status == trigger_pb2.Trigger.PAUSED


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(
            headers,
            marks=body_clause(
                f"empty.{name}",
                f"No body, {what}, SHOULD stand for an empty message where the path has all that "
                "is required.",
                SHOULD,
                source="google-api-python-client sends a call without fields so",
                features=("pause",),
            ),
        )
        for name, what, headers in (
            ("length-zero", "with `Content-Length: 0`", {"Content-Length": "0"}),
            ("typed", "with a length of 0 and a type", {"Content-Length": "0", **JSON}),
        )
    ],
)
def test_no_body_is_an_empty_message(
    triggers: MadeTriggers, peer: Peer, headers: dict[str, str]
) -> None:
    trigger = triggers.created()
    triggers.settled(peer.rest("POST", f"{TRIGGERS}/{trigger.id}:pause", headers=headers))
    assert triggers.get(trigger.id).status == trigger_pb2.Trigger.PAUSED


@body_clause(
    "empty.required",
    "An empty body MUST be refused with 400 where fields are required.",
    source="proto option yandex.cloud.required of CreateTriggerRequest",
)
def test_an_empty_body_lacks_what_is_required(triggers: MadeTriggers) -> None:
    triggers.refused(b"")
    triggers.refused(b"{}")


NO_BODY = HTTP_RULE + ": 'If body is omitted, there is no HTTP request body'"


@body_clause(
    "where-none-is.get",
    "A body of a GET MUST NOT set a field.",
    source=NO_BODY,
)
def test_a_body_of_a_get_sets_nothing(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    body = json.dumps({"folderId": peer.folder}).encode()
    answer = peer.rest("GET", TRIGGERS, body=body, headers=JSON)
    assert answer.status == 400, f"{trigger.id} was listed by a body: {answer}"


@body_clause(
    "where-none-is.delete",
    "A body of a DELETE MUST NOT say what is deleted.",
    source=NO_BODY,
)
def test_a_body_of_a_delete_names_nothing(triggers: MadeTriggers, peer: Peer) -> None:
    one, other = triggers.created(), triggers.created()
    body = json.dumps({"triggerId": other.id}).encode()
    peer.rest("DELETE", f"{TRIGGERS}/{one.id}", body=body, headers=JSON)
    assert triggers.get(other.id) == other


@body_clause(
    "where-none-is.refused",
    "A body SHOULD be refused with 400 where a method has none.",
    SHOULD,
    source="googleapis/gapic-showcase refuses a body of GET and DELETE; grpc-gateway ignores it",
)
def test_a_body_where_none_is_is_refused(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("GET", f"{TRIGGERS}/{trigger.id}", body=b'{"view": 1}', headers=JSON)
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


@body_clause(
    "method-override",
    "`X-HTTP-Method-Override` MAY be obeyed; known answers to a POST that says DELETE are what "
    "the DELETE answers (Google) and what the POST does (Envoy, grpc-gateway).",
    MAY,
    source="docs: cloud.google.com/apis/docs/system-parameters",
)
def test_a_method_that_is_overridden(triggers: MadeTriggers) -> None:
    answer = triggers.send(triggers.body(), {"X-HTTP-Method-Override": "PATCH"})
    if answer.status == 200:
        assert triggers.get(trigger_id_of(answer.json))
    else:
        assert 400 <= answer.status < 500
