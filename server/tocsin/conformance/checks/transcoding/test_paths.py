"""How a path is matched and decoded, and that no other path is the same."""

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.conformance.checks.transcoding.forms import HTTP_RULE, MAY, MUST, PATHS, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import TRIGGERS, MadeTriggers
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import expect_rest_ok
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]

REST = ("rest",)
RFC_3986 = (
    "RFC 3986 section 2.2: URIs that differ in a reserved character and its escape are not "
    "equivalent"
)
# A redirect does nothing either.
NOT_SERVED = (301, 302, 307, 308, 400, 404, 405, 501)


@clause(
    "transcoding.path.variable",
    MUST,
    "A variable of the path MUST be read into the field of the request that it names.",
    source="google/api/http.proto: 'Path template', and the binding of TriggerService.Get",
    features=REST,
)
def test_a_variable_of_the_path_is_a_field(peer: Peer, trigger: Any) -> None:
    got = expect_rest_ok(peer.rest("GET", f"{TRIGGERS}/{trigger.id}"))
    assert got["id"] == trigger.id
    assert got["folderId"] == peer.folder


def escaped(text: str, form: str = "%%%02X") -> str:
    return "".join(form % byte for byte in text.encode())


@pytest.mark.parametrize(
    "escape",
    [
        pytest.param(
            form,
            marks=clause(
                f"transcoding.path.single.decoded.{name}",
                MUST,
                f"A server MUST decode a single path segment in which every character is "
                f"percent-encoded with {what} digits.",
                source=PATHS + ": 'The server side does the reverse decoding'",
                features=REST,
            ),
        )
        for name, what, form in (
            ("upper", "upper-case", "%%%02X"),
            ("lower", "lower-case", "%%%02x"),
        )
    ],
)
def test_a_single_segment_is_decoded(triggers: MadeTriggers, peer: Peer, escape: str) -> None:
    trigger = triggers.created()
    answer = peer.rest("GET", f"{TRIGGERS}/{escaped(trigger.id, escape)}")
    assert expect_rest_ok(answer)["id"] == trigger.id


@clause(
    "transcoding.path.single.decoded.before-verb",
    MUST,
    "A server MUST decode a single path segment that stands before a verb.",
    source=PATHS + ": 'The server side does the reverse decoding'",
    features=("rest", "pause"),
)
def test_a_segment_before_a_verb_is_decoded(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("POST", f"{TRIGGERS}/{escaped(trigger.id)}:pause", json={})
    triggers.settled(answer)
    assert triggers.get(trigger.id).status == trigger_pb2.Trigger.PAUSED


@clause(
    "transcoding.path.single.decoded.once",
    MUST,
    "A server MUST decode a path segment once, so a percent sign that was escaped stays one.",
    source="RFC 3986 section 2.4: implementations must not decode the same string more than once",
    features=REST,
)
def test_a_segment_is_decoded_once(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    twice = escaped(trigger.id).replace("%", "%25")
    assert peer.rest("GET", f"{TRIGGERS}/{twice}").status in (400, 404)


@pytest.mark.parametrize(
    "slash",
    [
        pytest.param(
            slash,
            marks=clause(
                f"transcoding.path.single.slash.{name}",
                MUST,
                f"An escaped slash, {slash}, MUST NOT separate the segments of a path.",
                source=RFC_3986 + "; " + PATHS,
                features=("rest", "operation-list"),
            ),
        )
        for name, slash in (("upper", "%2F"), ("lower", "%2f"))
    ],
)
def test_an_escaped_slash_is_no_separator(triggers: MadeTriggers, peer: Peer, slash: str) -> None:
    trigger = triggers.created()
    answer = peer.rest("GET", f"{TRIGGERS}/{trigger.id}{slash}operations")
    assert answer.status in (400, 404), f"it reached another method: {answer}"


@clause(
    "transcoding.path.single.colon",
    MUST,
    "An escaped colon, %3A, MUST NOT begin the verb of a path.",
    source=RFC_3986 + "; " + PATHS + ": Verb is ':' LITERAL",
    features=("rest", "pause"),
    unimplemented=True,
)
def test_an_escaped_colon_begins_no_verb(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("POST", f"{TRIGGERS}/{trigger.id}%3Apause", json={})
    assert answer.status in NOT_SERVED
    assert triggers.get(trigger.id).status == trigger_pb2.Trigger.ACTIVE


@clause(
    "transcoding.path.multi.decoded",
    MUST,
    "A server MUST decode the characters of a variable with several segments.",
    source=PATHS + ": 'The server side does the reverse decoding, except %2F and %2f'",
    features=REST,
)
def test_a_variable_of_several_segments_is_decoded(schedules: Scheduled) -> None:
    name, _, last = schedules.peer.integration.rpartition("/")
    assert schedules.accepted(schedules.body(), path=f"/v1/{name}/{escaped(last)}:schedule")


@pytest.mark.parametrize(
    "slash",
    [
        pytest.param(
            slash,
            marks=clause(
                f"transcoding.path.multi.slash.{name}",
                MUST,
                f"In a variable of several segments an escaped slash, {slash}, MUST stay so.",
                source=PATHS + ": 'except %2F and %2f are left unchanged'",
                features=REST,
                unimplemented=True,
            ),
        )
        for name, slash in (("upper", "%2F"), ("lower", "%2f"))
    ],
)
def test_an_escaped_slash_stays(schedules: Scheduled, slash: str) -> None:
    head, _, last = schedules.peer.integration.rpartition("/")
    answer = schedules.send(schedules.body(), path=f"/v1/{head}{slash}{last}:schedule")
    assert answer.status in NOT_SERVED, f"an escaped slash was read as a slash: {answer}"


def kept(triggers: MadeTriggers, peer: Peer, verb: str, path: str, body: bytes | None) -> None:
    """Sends a request that no binding serves; the trigger must be as it was."""
    trigger = triggers.created()
    headers = {"Content-Type": "application/json"} if body else None
    answer = peer.rest(verb, path.format(id=trigger.id), body=body, headers=headers)
    assert answer.status in NOT_SERVED, f"nothing is bound to it, but it was answered {answer}"
    assert triggers.get(trigger.id) == trigger


FOREIGN: dict[str, tuple[str, str, str]] = {
    "put-trigger": ("PUT", TRIGGERS + "/{id}", "replaces a trigger"),
    "post-trigger": ("POST", TRIGGERS + "/{id}", "posts to a trigger without a verb"),
    "get-pause": ("GET", TRIGGERS + "/{id}:pause", "gets what is bound to POST"),
    "delete-list": ("DELETE", TRIGGERS, "deletes the collection"),
    "put-pause": ("PUT", TRIGGERS + "/{id}:pause", "puts what is bound to POST"),
    "patch-collection": ("PATCH", TRIGGERS, "patches the collection"),
    "unknown-verb": ("POST", TRIGGERS + "/{id}:explode", "has a verb that no method has"),
    "verb-in-upper-case": ("POST", TRIGGERS + "/{id}:PAUSE", "has a verb in upper case"),
    "literal-in-upper-case": ("GET", "/triggers/v1/Triggers/{id}", "has a literal in upper case"),
    "two-verbs": ("POST", TRIGGERS + "/{id}:pause:pause", "has two verbs"),
    "extra-segment": ("GET", TRIGGERS + "/{id}/more", "has one segment too many"),
    "empty-segment": ("GET", "/triggers/v1//triggers/{id}", "has an empty segment"),
    "other-version": ("GET", "/triggers/v9/triggers/{id}", "has another version"),
    "no-such-path": ("GET", "/nope/{id}", "is below nothing that is served"),
}


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        pytest.param(
            verb,
            path,
            marks=clause(
                f"transcoding.path.foreign.{name}",
                MUST,
                f"A request that {what} MUST NOT reach a method, and MUST NOT change anything.",
                source=PATHS + ": segments, literals and verbs match as they are written",
                features=REST,
                unimplemented=True,
            ),
        )
        for name, (verb, path, what) in FOREIGN.items()
    ],
)
def test_a_path_that_is_not_bound_does_nothing(
    triggers: MadeTriggers, peer: Peer, verb: str, path: str
) -> None:
    # What would be an update, and is taken as an empty message by the methods without fields.
    body = b'{"updateMask": "description", "description": "changed by nobody"}'
    if ":" in path:
        body = b"{}"
    kept(triggers, peer, verb, path, body if verb in ("PUT", "POST", "PATCH") else None)


GOOGLES_FOREIGN: dict[str, tuple[str, Callable[[str], str], str]] = {
    "get": ("GET", lambda name: f"/v1/{name}:schedule", "gets what is bound to POST"),
    "unknown-verb": ("POST", lambda name: f"/v1/{name}:explode", "has a verb that no method has"),
    "no-verb": ("POST", lambda name: f"/v1/{name}", "has no verb"),
    "other-version": ("POST", lambda name: f"/v9/{name}:schedule", "has another version"),
    "missing-segment": (
        "POST",
        lambda name: "/v1/" + name.partition("/")[2] + ":schedule",
        "lacks its first segment",
    ),
    "other-literal": (
        "POST",
        lambda name: "/v1/" + name.replace("/locations/", "/places/") + ":schedule",
        "has another literal",
    ),
    "empty-segment": (
        "POST",
        lambda name: "/v1/" + name.replace("/locations/", "/locations//") + ":schedule",
        "has an empty segment",
    ),
}


@pytest.mark.parametrize(
    ("verb", "path_of"),
    [
        pytest.param(
            verb,
            path_of,
            marks=clause(
                f"transcoding.path.foreign.google.{name}",
                MUST,
                f"A schedule call that {what} MUST NOT schedule.",
                source=PATHS + ": segments, literals and verbs match as they are written",
                features=REST,
                unimplemented=True,
            ),
        )
        for name, (verb, path_of, what) in GOOGLES_FOREIGN.items()
    ],
)
def test_a_path_of_googles_that_is_not_bound_does_nothing(
    schedules: Scheduled, verb: str, path_of: Callable[[str], str]
) -> None:
    path = path_of(schedules.peer.integration)
    body = schedules.body().encode() if verb == "POST" else None
    headers = {"Content-Type": "application/json"} if body else None
    answer = schedules.peer.rest(verb, path, body=body, headers=headers)
    if answer.status == 200 and "executionInfoIds" in answer.body.decode("utf-8", "replace"):
        schedules.forget([str(each) for each in answer.json["executionInfoIds"]])
    assert answer.status in NOT_SERVED, f"nothing is bound to it, but it was answered {answer}"


BROKEN = {
    "cut": ("%4", "an escape that is cut off, %4"),
    "no-digits": ("%zz", "an escape without digits, %zz"),
    "no-utf-8": ("%ff%fe", "bytes that are not UTF-8, %ff%fe"),
    "nul": ("%00", "a NUL, %00"),
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text,
            marks=clause(
                f"transcoding.path.broken.{name}",
                MUST,
                f"A path with {what} MUST be answered with a 4xx: the fault is the client's.",
                source="RFC 9110 section 15.5.1: 400 for what is perceived to be a client error",
                features=REST,
            ),
        )
        for name, (text, what) in BROKEN.items()
    ],
)
def test_a_broken_escape_is_the_clients_fault(peer: Peer, text: str) -> None:
    answer = peer.rest("GET", f"{TRIGGERS}/a{text}")
    assert 400 <= answer.status < 500, f"it was answered {answer}"


def two(triggers: MadeTriggers) -> tuple[trigger_pb2.Trigger, trigger_pb2.Trigger]:
    return triggers.created(), triggers.created()


TWICE: list[tuple[str, str, str, Level]] = [
    ("body", "triggerId", "the body, by its JSON name", MUST),
    ("body-proto-name", "trigger_id", "the body, by its proto name", MUST),
]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=clause(
                f"transcoding.path.wins.{part}",
                level,
                f"A field that the path binds {level} NOT be taken from {where}, where it has "
                "another value.",
                source=HTTP_RULE + ": fields referred by the path are passed via the path",
                features=REST,
            ),
        )
        for part, name, where, level in TWICE
    ],
)
def test_a_body_says_nothing_of_what_the_path_names(triggers: MadeTriggers, name: str) -> None:
    one, other = two(triggers)
    triggers.patch(
        one,
        f'{{"{name}": "{other.id}", "updateMask": "description", "description": "changed"}}',
    )
    assert triggers.get(other.id) == other


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=clause(
                f"transcoding.path.wins.{part}",
                MUST,
                f"A field of the path MUST NOT be taken from the query, by its {what} name.",
                source=HTTP_RULE + ": fields referred by the path are passed via the path",
                features=REST,
            ),
        )
        for part, name, what in (
            ("query", "triggerId", "JSON"),
            ("query-proto-name", "trigger_id", "proto"),
        )
    ],
)
def test_a_query_says_nothing_of_what_the_path_names(
    triggers: MadeTriggers, peer: Peer, name: str
) -> None:
    one, other = two(triggers)
    answer = peer.rest("GET", f"{TRIGGERS}/{one.id}", query={name: other.id})
    if answer.status == 200:
        assert answer.json["id"] == one.id
    peer.rest("DELETE", f"{TRIGGERS}/{one.id}", query={name: other.id})
    assert triggers.get(other.id) == other


@clause(
    "transcoding.path.twice-refused",
    SHOULD,
    "A request whose query repeats a field of its path, with another value, SHOULD be refused "
    "with 400: what it asks for is not clear.",
    source="googleapis/gapic-showcase: a path field that is repeated in the query is refused; "
    "known answers are 400, and the path's value",
    features=REST,
)
def test_a_field_in_path_and_query_is_refused(triggers: MadeTriggers, peer: Peer) -> None:
    one, other = two(triggers)
    answer = peer.rest("GET", f"{TRIGGERS}/{one.id}", query={"triggerId": other.id})
    assert answer.status == 400


@clause(
    "transcoding.path.wins.google-body",
    MUST,
    "The name in the path of a schedule call MUST say what is scheduled, whatever name the body "
    "has.",
    source=HTTP_RULE + ": fields referred by the path are passed via the path",
    features=REST,
)
def test_a_body_does_not_name_another_integration(schedules: Scheduled) -> None:
    nobody = f"{schedules.peer.location}/integrations/{schedules.peer.name('nobody')}"
    body = schedules.body(f'"name": "{schedules.peer.integration}"')
    answer = schedules.send(body, path=f"/v1/{nobody}:schedule")
    assert answer.status in (400, 404), f"the body's integration was scheduled: {answer}"


@clause(
    "transcoding.path.trailing-slash",
    MAY,
    "A slash at the end of a path MAY be ignored; known answers are 200 (Envoy) and 404.",
    source="grpc-ecosystem/grpc-httpjson-transcoding: trailing empty segments are dropped",
    features=REST,
    unimplemented=True,
)
def test_a_slash_at_the_end(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("GET", f"{TRIGGERS}/{trigger.id}/")
    assert answer.status in (200, 301, 307, 308, 404)


@clause(
    "transcoding.path.slash-before-verb",
    MAY,
    "A slash before the verb of a path MAY be ignored; known answers are 200 (Envoy, and Google "
    "for integrationcli, which sends it) and 404.",
    source="GoogleCloudPlatform/application-integration-management-toolkit sends `/ID/:cancel`",
    features=("rest", "pause"),
    unimplemented=True,
)
def test_a_slash_before_the_verb(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("POST", f"{TRIGGERS}/{trigger.id}/:pause", json={})
    assert answer.status in (200, *NOT_SERVED)
    paused = triggers.get(trigger.id).status == trigger_pb2.Trigger.PAUSED
    assert paused == (answer.status == 200)
