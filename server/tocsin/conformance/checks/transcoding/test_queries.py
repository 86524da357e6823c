"""Fields in the query of a URL."""

from typing import Any
from urllib.parse import quote

import pytest

from tocsin.conformance.checks.transcoding.forms import HTTP_RULE, MAY, MUST, PROTO_JSON, SHOULD
from tocsin.conformance.checks.transcoding.made_triggers import TRIGGERS, MadeTriggers
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.clauses import Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error, expect_rest_ok
from tocsin.conformance.peer import Peer
from tocsin.conformance.wire.rest import RestAnswer

pytest_plugins = ["tocsin.conformance.checks.transcoding.fixtures"]

REST = ("rest",)
RFC_3986 = "RFC 3986 section 2.1: a percent-encoded octet stands for the octet"


def listed(answer: RestAnswer) -> list[str]:
    return [each["id"] for each in expect_rest_ok(answer).get("triggers", [])]


def query_clause(
    name: str,
    sentence: str,
    level: Level = MUST,
    source: str = HTTP_RULE + ": fields that are in no path and no body are in the query",
    **more: Any,
) -> pytest.MarkDecorator:
    features = (*REST, *more.pop("features", ()))
    return clause(
        f"transcoding.query.{name}", level, sentence, source=source, features=features, **more
    )


NAMES: dict[str, tuple[str, str]] = {
    "json-name": ("its JSON name, folderId", "folderId={}"),
    "proto-name": ("its proto name, folder_id", "folder_id={}"),
    "escaped-name": ("a percent-encoded name, folder%49d", "folder%49d={}"),
    "any-order": ("any order of the parameters", "pageSize=1000&folderId={}"),
}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            query,
            marks=query_clause(
                f"name.{name}", f"A server MUST read a field of the query by {what}."
            ),
        )
        for name, (what, query) in NAMES.items()
    ],
)
def test_a_field_is_read(triggers: MadeTriggers, peer: Peer, query: str) -> None:
    trigger = triggers.created()
    assert trigger.id in listed(peer.rest("GET", TRIGGERS, query=query.format(peer.folder)))


@query_clause(
    "name.upper-case",
    "A query parameter whose name differs in case from the field's MUST NOT set the field.",
    source=PROTO_JSON + ": names are lowerCamelCase or the proto's",
)
def test_a_name_in_another_case_is_another_name(triggers: MadeTriggers, peer: Peer) -> None:
    triggers.created()
    assert peer.rest("GET", TRIGGERS, query={"FOLDERID": peer.folder}).status == 400


def filtered(peer: Peer, text: str) -> RestAnswer:
    return peer.rest("GET", TRIGGERS, query=f"folderId={peer.folder}&pageSize=1000&filter={text}")


FILTERS = {
    "escaped": ("name%3D%22{}%22", "percent-encoded characters, = and quotes", MUST),
    "space": ("name%20%3D%20%22{}%22", "a percent-encoded space, %20", MUST),
    "equals-sign": ("name=%22{}%22", "an equals sign that is not escaped", MUST),
    "all-escaped": ("", "every character percent-encoded", MUST),
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text,
            marks=query_clause(
                f"value.{name}",
                f"A server {level} read a value of the query with {what}.",
                level,
                RFC_3986,
                features=("filters",),
            ),
        )
        for name, (text, what, level) in FILTERS.items()
    ],
)
def test_a_value_is_decoded(triggers: MadeTriggers, peer: Peer, text: str) -> None:
    trigger, _ = triggers.created(), triggers.created()
    plain = f'name = "{trigger.name}"'
    encoded = text.format(trigger.name) or "".join(f"%{byte:02X}" for byte in plain.encode())
    assert listed(filtered(peer, encoded)) == [trigger.id]


@query_clause(
    "value.plus",
    "A plus in the query MAY stand for a space; known answers are a space (Go, Google's front "
    "end, ESPv2) and a plus (Envoy by default), which is refused as a filter.",
    MAY,
    "WHATWG URL, application/x-www-form-urlencoded, and RFC 3986 section 2.2, differ",
    features=("filters",),
)
def test_a_plus_is_a_space_or_a_plus(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = filtered(peer, f"name+%3D+%22{trigger.name}%22")
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert listed(answer) == [trigger.id]


@query_clause(
    "value.escaped-ampersand",
    "An escaped ampersand, %26, MUST NOT end a value of the query.",
    source="RFC 3986 section 2.2: reserved characters and their escapes are not equivalent",
)
def test_an_escaped_ampersand_ends_no_value(triggers: MadeTriggers, peer: Peer) -> None:
    trigger = triggers.created()
    answer = peer.rest("GET", TRIGGERS, query=f"folderId=nobody%26folderId={peer.folder}")
    if answer.status == 200:
        assert trigger.id not in listed(answer)
    else:
        expect_rest_error(answer, Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.PERMISSION_DENIED)


@query_clause(
    "int64.read", "A server MUST read an int64 of the query that is written in decimal digits."
)
def test_a_number_is_read(triggers: MadeTriggers, peer: Peer) -> None:
    triggers.created(), triggers.created()
    query = {"folderId": peer.folder, "pageSize": "1"}
    shown = expect_rest_ok(peer.rest("GET", TRIGGERS, query=query))
    assert len(shown["triggers"]) == 1
    assert shown.get("nextPageToken")


@query_clause(
    "page-token",
    "The nextPageToken of an answer MUST be taken as pageToken, and lead to the next page.",
    source="docs: api-design-guide, 'Pagination'",
)
def test_a_token_leads_on(triggers: MadeTriggers, peer: Peer) -> None:
    made = {triggers.created().id for _ in range(3)}
    found: list[str] = []
    query: dict[str, Any] = {"folderId": peer.folder, "pageSize": 1}
    while query.get("pageToken") != "":
        page = expect_rest_ok(peer.rest("GET", TRIGGERS, query=query))
        ids = [each["id"] for each in page.get("triggers", [])]
        assert not set(ids) & set(found), "a trigger is on two pages"
        found += ids
        query["pageToken"] = page.get("nextPageToken", "")
    assert made <= set(found), "the pages do not have all triggers"


WRONG = {
    "word": ("many", "a word", MUST),
    "fraction": ("1.5", "a number with a fraction", MUST),
    "out-of-range": ("18446744073709551617", "a number that 64 bits would cut to 1", MUST),
    "list": ("[1]", "a list", MUST),
    "empty": ("", "an empty value", MAY),
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text,
            marks=query_clause(
                f"int64.{name}",
                f"A server {level} refuse an int64 of the query that is {what}, with 400.",
                level,
                PROTO_JSON + "; live Google APIs refuse it; known answers to an empty one are "
                "400 and the default",
            ),
        )
        for name, (text, what, level) in WRONG.items()
    ],
)
def test_what_is_no_number_is_refused(peer: Peer, text: str) -> None:
    answer = peer.rest("GET", TRIGGERS, query=f"folderId={peer.folder}&pageSize={quote(text)}")
    if not text:
        assert answer.status in (200, 400)
    else:
        expect_rest_error(answer, Code.INVALID_ARGUMENT)


@query_clause(
    "unknown-name",
    "A query parameter that is no field of the request SHOULD be refused with 400.",
    SHOULD,
    "live Google APIs: 'Unknown name \"x\": Cannot bind query parameter'; Envoy with "
    "reject_unknown_query_parameters; grpc-gateway ignores it",
)
def test_an_unknown_name_is_refused(peer: Peer) -> None:
    answer = peer.rest("GET", TRIGGERS, query={"folderId": peer.folder, "nope": "1"})
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            query,
            marks=query_clause(
                f"twice.{name}",
                f"A field that is not repeated and that the query has twice, {what}, SHOULD be "
                "refused with 400.",
                SHOULD,
                "grpc-ecosystem/grpc-gateway refuses 'too many values for field'; others take "
                "the first or the last",
            ),
        )
        for name, what, query in (
            ("same-name", "under one name", "folderId={}&folderId={}"),
            ("both-names", "under both of its names", "folderId={}&folder_id={}"),
        )
    ],
)
def test_a_field_is_there_once(peer: Peer, query: str) -> None:
    answer = peer.rest("GET", TRIGGERS, query=query.format(peer.folder, peer.folder + "x"))
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


BODY_STAR = HTTP_RULE + ": 'If body is \"*\", there is no URL query parameter'"


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            query,
            marks=query_clause(
                f"body-star.{name}",
                f"Where the body has all fields, the query MUST NOT set {what}.",
                source=BODY_STAR,
            ),
        )
        for name, what, query in (
            ("field", "a field", "description=from-the-query"),
            ("field-of-a-message", "a field of a message, by its path", "rule.timer.payload=x"),
            ("map", "an entry of a map", "labels[k]=from-the-query"),
        )
    ],
)
def test_where_the_body_has_all_fields_the_query_sets_none(
    triggers: MadeTriggers, query: str
) -> None:
    answer = triggers.send(triggers.body(), query=query)
    if answer.status == 200:
        shown = triggers.shown(answer)
        assert (shown.description, shown.rule.timer.payload, dict(shown.labels)) == ("", "", {})


@query_clause(
    "body-star.required",
    "Where the body has all fields, a required field in the query alone MUST NOT count as given.",
    source=BODY_STAR,
)
def test_a_required_field_is_not_given_by_the_query(triggers: MadeTriggers, peer: Peer) -> None:
    body = triggers.body().replace(f'"folderId": "{peer.folder}", ', "")
    answer = triggers.send(body, query=f"folderId={peer.folder}")
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


@query_clause(
    "body-star.update",
    "Where the body has all fields, the query of an update MUST NOT change what is updated.",
    source=BODY_STAR,
)
def test_the_query_changes_no_update(triggers: MadeTriggers) -> None:
    before = triggers.created(more='"description": "old"')
    triggers.patch(
        before, '{"updateMask": "labels"}', query="description=new&updateMask=description"
    )
    assert triggers.get(before.id).description == "old"


@query_clause(
    "body-star.google",
    "Where the body has all fields, the query of a schedule call MUST NOT give its required "
    "trigger_id.",
    source=BODY_STAR,
)
def test_the_query_gives_no_trigger_id(schedules: Scheduled) -> None:
    answer = schedules.send("{}", query="triggerId=" + quote(schedules.peer.trigger_id, safe=""))
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


LONG_RUNNING = ("google-operations",)


@query_clause(
    "bool.true",
    "A server MUST read a bool of the query that is `true`: return_partial_success, which is "
    "UNIMPLEMENTED.",
    source="proto google/longrunning/operations.proto: 'will result in an UNIMPLEMENTED error'",
    features=LONG_RUNNING,
    unimplemented=True,
)
def test_a_bool_that_is_true_is_read(peer: Peer) -> None:
    answer = peer.rest("GET", f"/v1/{peer.location}/operations?returnPartialSuccess=true")
    expect_rest_error(answer, Code.UNIMPLEMENTED)


@query_clause(
    "bool.false",
    "A server MUST read a bool of the query that is `false`.",
    features=LONG_RUNNING,
)
def test_a_bool_that_is_false_is_read(peer: Peer) -> None:
    expect_rest_ok(peer.rest("GET", f"/v1/{peer.location}/operations?returnPartialSuccess=false"))


@query_clause(
    "bool.word",
    "A server MUST refuse a bool of the query that is another word, with 400.",
    features=LONG_RUNNING,
)
def test_a_bool_that_is_a_word_is_refused(peer: Peer) -> None:
    answer = peer.rest("GET", f"/v1/{peer.location}/operations?returnPartialSuccess=maybe")
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


@query_clause(
    "int32.out-of-range",
    "A server MUST refuse an int32 of the query that 32 bits would cut, with 400.",
    source=PROTO_JSON,
    features=LONG_RUNNING,
)
def test_an_int32_beyond_its_range_is_refused(peer: Peer) -> None:
    answer = peer.rest("GET", f"/v1/{peer.location}/operations?pageSize=4294967297")
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


BROKEN = {
    "cut": ("filter=%4", "an escape that is cut off"),
    "no-utf-8": ("filter=%ff", "bytes that are not UTF-8"),
}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            query,
            marks=query_clause(
                f"broken.{name}",
                f"A query with {what} MUST NOT be answered with a 5xx: the fault is the client's.",
                source="RFC 9110 section 15.6: 5xx says that the server is at fault",
            ),
        )
        for name, (query, what) in BROKEN.items()
    ],
)
def test_a_broken_query_is_the_clients_fault(peer: Peer, query: str) -> None:
    answer = peer.rest("GET", TRIGGERS, query=f"folderId={peer.folder}&{query}")
    assert 200 <= answer.status < 500, f"it was answered {answer}"
