"""A filter of List shows the triggers with a certain name."""

from typing import Any

import pytest

from tocsin.conformance.changes import Changes, Code
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.listing import listed_triggers
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    ListTriggersRequest,
)

SOURCE = "proto yandex.cloud.serverless.triggers.v1.ListTriggersRequest.filter"


def _found(name: str, level: Level, template: str, words: str, quote: str) -> Any:
    return pytest.param(
        template,
        id=name,
        marks=clause(
            f"triggers.list.filter.{name}",
            level,
            f"List {level} take {words}, and show the trigger of that name alone.",
            source=f"{SOURCE} ({quote})",
            features=("filters",),
        ),
    )


@pytest.mark.parametrize(
    "template",
    [
        _found("quoted", MUST, 'name="{}"', 'name="…"', "the value in double quotes"),
        _found(
            "quoted-with-blanks",
            MUST,
            'name = "{}"',
            'name = "…", with blanks',
            "an `=` operator; the value in double quotes; so the vendor's Go SDK sends it",
        ),
        _found("bare", MUST, "name={}", "name=…, without quotes", "example: name=my-trigger"),
    ],
)
def test_a_filter_finds_a_name(changes: Changes, peer: Peer, template: str) -> None:
    made = changes.create()
    changes.create()
    text = template.format(made.name)
    shown = [trigger.name for trigger in listed_triggers(peer, filter=text)]
    assert shown == [made.name], f"the filter {text} shows {shown}"


@clause(
    "triggers.list.filter.exact",
    MUST,
    "A filter with `=` MUST NOT show a trigger whose name only begins with the value, or holds it.",
    source=f"{SOURCE} (an `=` operator)",
    features=("filters",),
)
def test_a_filter_compares_whole_names(changes: Changes, peer: Peer) -> None:
    name = peer.name("exact")
    changes.create(name=f"{name}-more")
    changes.create(name=f"more-{name}")
    shown = [trigger.name for trigger in listed_triggers(peer, filter=f'name="{name}"')]
    assert shown == [], f'the filter name="{name}" shows {shown}'


@clause(
    "triggers.list.filter.none",
    MUST,
    "List with a filter that no trigger matches MUST succeed and show none.",
    source=f"{SOURCE} (filters triggers listed in the response)",
    features=("filters",),
)
def test_a_filter_may_find_nothing(changes: Changes, peer: Peer) -> None:
    changes.create()
    shown = listed_triggers(peer, filter=f'name="{peer.name("nobody")}"')
    assert not shown, f"the filter shows {shown}"


@clause(
    "triggers.list.filter.renamed",
    MUST,
    "A filter MUST find a trigger under its new name, and not under its former one.",
    source=f"{SOURCE} (the Trigger.name field)",
    features=("filters",),
)
def test_a_filter_finds_the_new_name(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    renamed = changes.update(made.id, "name", name=peer.name("renamed"))
    before = listed_triggers(peer, filter=f'name="{made.name}"')
    after = listed_triggers(peer, filter=f'name="{renamed.name}"')
    assert not before, f"the former name still finds {before}"
    assert [trigger.id for trigger in after] == [made.id], f"the new name finds {after}"


@clause(
    "triggers.list.filter.empty",
    MUST,
    "An empty filter MUST show all triggers.",
    source=f"{SOURCE} (a proto3 string that is empty is left out)",
    features=("filters",),
)
def test_an_empty_filter_shows_all(changes: Changes, peer: Peer) -> None:
    made = changes.create()
    shown = [trigger.id for trigger in listed_triggers(peer, filter="")]
    assert made.id in shown, f"an empty filter does not show {made.id}"


@clause(
    "triggers.list.filter.of-one-folder",
    MUST,
    "A filter MUST NOT show a trigger of another folder.",
    source=f"{SOURCE}; TriggerService.List (in the specified folder)",
    features=("filters", "second-folder"),
)
def test_a_filter_stays_in_its_folder(changes: Changes, peer: Peer) -> None:
    made = changes.create(folder_id=peer.other_folder)
    shown = listed_triggers(peer, filter=f'name="{made.name}"')
    assert not shown, f"List of {peer.folder} shows {shown}"


def _refused(name: str, text: str, words: str, quote: str, level: Level = MUST) -> Any:
    return pytest.param(
        text,
        id=name,
        marks=clause(
            f"triggers.list.filter.refused.{name}",
            level,
            f"List {level} be refused with INVALID_ARGUMENT if its filter {words}.",
            source=f"{SOURCE} ({quote})",
            features=("filters",),
        ),
    )


FIELD = "the expression must specify the field name; currently filtering can only be applied to "
VALUE = "the value must be 3-63 characters long and match [a-z][-a-z0-9]{1,61}[a-z0-9]"
FORM = "the expression must specify a field name, an operator and a value"


@pytest.mark.parametrize(
    "text",
    [
        _refused("other-field", 'folder_id="conformance"', "is on a field beside name", FIELD),
        _refused("unknown-field", 'nothing="conformance"', "is on a field that is none", FIELD),
        _refused("value-too-short", 'name="ab"', "has a value of two characters", VALUE),
        _refused("value-too-long", f'name="{"a" * 64}"', "has a value of 64 characters", VALUE),
        _refused("value-no-name", 'name="A_B"', "has a value that is no name", VALUE),
        _refused("no-value", "name=", "has no value", FORM),
        _refused("no-operator", "name", "has no operator", FORM),
        _refused("no-field", '="conformance"', "has no field", FORM),
        _refused("other-operator", 'name > "conformance"', "has the operator >", FORM),
        _refused("open-quote", 'name="conformance', "has a quote without its end", FORM, SHOULD),
        _refused("rest", 'name="conformance" else', "has something behind it", FORM, SHOULD),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(peer: Peer, text: str) -> None:
    answer = peer.triggers.List(ListTriggersRequest(folder_id=peer.folder, filter=text))
    assert answer.code is Code.INVALID_ARGUMENT, (
        f"List with the filter {text} must be refused with INVALID_ARGUMENT, but was answered "
        f"{answer}"
    )


def _open(name: str, template: str, shown: list[int]) -> Any:
    return pytest.param(
        template,
        shown,
        id=name,
        marks=clause(
            f"triggers.list.filter.open.{name}",
            MAY,
            f"List MAY take a filter such as {template.replace('{}', 'x')}; known answers: taken "
            "(Tocsin; the vendor's pages until 2023), refused (by today's text).",
            source=f"{SOURCE}; an older page of Trigger.list names `!=`, `IN` and `NOT IN`",
            features=("filters",),
        ),
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        _open("not-equal", 'name != "{0}"', [1, 2]),
        _open("in", 'name IN ("{0}", "{2}")', [0, 2]),
        _open("not-in", 'name NOT IN ("{0}", "{1}")', [2]),
        _open("and", 'name = "{0}" AND name = "{1}"', []),
    ],
)
def test_a_filter_may_have_other_operators(
    changes: Changes, peer: Peer, template: str, expected: list[int]
) -> None:
    names = [changes.create().name for _ in range(3)]
    shown = {trigger.name for trigger in listed_triggers(peer, filter=template.format(*names))}
    found = [index for index, name in enumerate(names) if name in shown]
    assert found == expected, f"of three names, the filter shows those at {found}"
