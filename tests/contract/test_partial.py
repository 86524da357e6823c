"""Answers are cut down to the fields that a mask names."""

from typing import Any

import pytest
from google.protobuf import json_format

from contract.json.every_kind import DESCRIPTOR, POOL, Every
from tocsin.contract.partial import MaskError, parse_mask, partial

ANSWER: dict[str, Any] = {
    "oneString": "a",
    "oneInt32": 3,
    "oneEvery": {"oneString": "b", "oneBool": True, "oneEvery": {"oneString": "c"}},
    "manyEvery": [{"oneString": "d", "oneInt32": 1}, {"oneInt32": 2}],
    "mapEvery": {"k": {"oneString": "e", "oneInt32": 1}, "l": {"oneString": "f"}},
    "byString": {"x": "y", "z": "w"},
    "oneStruct": {"deep": {"x": 1, "y": 2}, "other": 1},
    "oneAny": {"@type": "type.googleapis.com/every.kind.Every", "oneString": "g", "oneInt32": 4},
    "oneTimestamp": "2026-11-28T10:00:00.250Z",
}
DEEP = {"oneString": "c"}


def cut(mask: str) -> dict[str, Any]:
    message = json_format.ParseDict(ANSWER, Every(), descriptor_pool=POOL)
    found = Every.FromString(partial(DESCRIPTOR, mask)(message.SerializeToString()))
    result: dict[str, Any] = json_format.MessageToDict(found, descriptor_pool=POOL)
    return result


@pytest.mark.parametrize(
    ("mask", "answer"),
    [
        ("oneString", {"oneString": "a"}),
        ("one_string", {"oneString": "a"}),
        ("oneString,oneInt32", {"oneString": "a", "oneInt32": 3}),
        ("oneEvery/oneBool", {"oneEvery": {"oneBool": True}}),
        ("oneEvery.oneBool", {"oneEvery": {"oneBool": True}}),
        ("oneEvery(oneBool,oneEvery/oneString)", {"oneEvery": {"oneBool": True, "oneEvery": DEEP}}),
        ("oneEvery(oneEvery(oneString))", {"oneEvery": {"oneEvery": DEEP}}),
        ("oneEvery/oneEvery,oneInt32", {"oneEvery": {"oneEvery": DEEP}, "oneInt32": 3}),
        ("manyEvery/oneString", {"manyEvery": [{"oneString": "d"}, {}]}),
        ("mapEvery/k/oneString", {"mapEvery": {"k": {"oneString": "e"}}}),
        (
            "mapEvery/*/oneString",
            {"mapEvery": {"k": {"oneString": "e"}, "l": {"oneString": "f"}}},
        ),
        ("byString/x", {"byString": {"x": "y"}}),
        ("byString", {"byString": {"x": "y", "z": "w"}}),
        ("oneStruct/other", {"oneStruct": {"other": 1.0}}),
        (
            "oneAny/oneString",
            {"oneAny": {"@type": "type.googleapis.com/every.kind.Every", "oneString": "g"}},
        ),
        ("oneBool", {}),
        ("oneEvery,oneEvery/oneBool", {"oneEvery": ANSWER["oneEvery"]}),
        ("oneEvery/oneBool,oneEvery", {"oneEvery": ANSWER["oneEvery"]}),
    ],
)
def test_a_mask_names_what_is_left(mask: str, answer: dict[str, Any]) -> None:
    assert cut(mask) == answer


def test_a_star_is_all() -> None:
    assert (
        cut("*")
        == cut("*,oneString")
        == json_format.MessageToDict(
            json_format.ParseDict(ANSWER, Every(), descriptor_pool=POOL), descriptor_pool=POOL
        )
    )


@pytest.mark.parametrize(
    ("mask", "path"),
    [
        ("nope", "nope"),
        ("oneEvery/nope", "oneEvery/nope"),
        ("oneEvery(oneBool,nope)", "oneEvery/nope"),
        ("oneString/x", "oneString/x"),
        ("oneString, oneInt32", " oneInt32"),
        ("a//b", "a//b"),
        ("oneTimestamp/seconds", "oneTimestamp/seconds"),
        ("oneDuration/*", "oneDuration/*"),
        ("oneFieldmask/paths", "oneFieldmask/paths"),
        ("manyInt64value/value", "manyInt64value/value"),
    ],
)
def test_an_unknown_path_is_refused_in_googles_words(mask: str, path: str) -> None:
    with pytest.raises(MaskError) as refused:
        partial(DESCRIPTOR, mask)
    said = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "mask", ["", ",", "a,", "(a)", "a(", "a(b", "a)", "a(b))", "a()", "a(b)c", "a(b)(c)", "a((b))"]
)
def test_a_malformed_mask_is_refused(mask: str) -> None:
    with pytest.raises(MaskError):
        parse_mask(mask)


def test_a_mask_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(MaskError):
        parse_mask("a(" * 1000 + "a" + ")" * 1000)
    with pytest.raises(MaskError):
        parse_mask("/".join("a" * 1000))


def test_an_instant_inside_an_any_is_not_cut() -> None:
    instant = "2026-11-28T10:00:00.250Z"
    any_ = {"@type": "type.googleapis.com/every.kind.Every", "oneTimestamp": instant}
    message = json_format.ParseDict({"oneAny": any_}, Every(), descriptor_pool=POOL)
    cut_down = partial(DESCRIPTOR, "oneAny/oneTimestamp/seconds")(message.SerializeToString())
    found = json_format.MessageToDict(Every.FromString(cut_down), descriptor_pool=POOL)
    assert found == {"oneAny": any_}
