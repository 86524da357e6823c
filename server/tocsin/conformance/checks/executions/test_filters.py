"""The filter of executions.list of v1: fields, operators, AND, OR, NOT."""

import pytest

from tocsin.conformance.checks.executions.cases import BEFORE, EQUAL, FILTERS, Kept
from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

NEEDED = (FEATURE, "execute", "filters")
INVALID = "AIP-160: 'if the filter is not valid, the API must send INVALID_ARGUMENT'"


# What Google's text does not name, but AIP-160 does.
ADVISED = ("two-words", "minus")


def filled(three: Three, text: str) -> str:
    """Returns a filter with the ids and names of this run."""
    return text.format(
        integration=three.runs.short,
        trigger=three.runs.peer.trigger_id,
        waiting=three.waiting,
        cancelled=three.cancelled,
        done=three.done,
    )


def sentence(one: Kept, level: Level) -> str:
    """Returns what a filter has to keep, in words."""
    who = ", ".join(one.kept) or "none"
    return (
        f"Of an execution that is waiting, one that is cancelled and one that is done, the filter "
        f"`{one.filter}` {level} keep: {who}."
    )


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(
            one,
            marks=clause(
                f"executions.filter.{part}",
                level,
                sentence(one, level),
                source=one.source,
                features=NEEDED,
            ),
        )
        for part, one in FILTERS.items()
        for level in (SHOULD if part in ADVISED else MUST,)
    ],
)
def test_a_filter_keeps(three: Three, one: Kept) -> None:
    found = three.runs.listed(three.ids, ("filter", filled(three, one.filter)))
    assert three.named(found) == set(one.kept)


@clause(
    "executions.filter.create-timestamp",
    MUST,
    "The filter `CreateTimestamp=` with an execution's createTime MUST keep that execution.",
    source=EQUAL,
    features=NEEDED,
)
def test_an_instant_is_compared(three: Three) -> None:
    created = three.runs.get(three.done)["createTime"]
    found = three.runs.listed(three.ids, ("filter", f'CreateTimestamp="{created}"'))
    assert three.done in found


@clause(
    "executions.filter.create-timestamp.between",
    MUST,
    "The filter `CreateTimestamp>` with the createTime of the first of three executions MUST keep "
    "the last, and not the first.",
    source=BEFORE,
    features=NEEDED,
)
def test_an_instant_divides(three: Three) -> None:
    created = three.runs.get(three.waiting)["createTime"]
    found = three.runs.listed(three.ids, ("filter", f'CreateTimestamp > "{created}"'))
    assert three.done in found
    assert three.waiting not in found


WRONG: dict[str, tuple[str, str, Level, str]] = {
    "unknown-field": ('nothing="a"', "names an unknown field", MUST, INVALID),
    "malformed": ('trigger_id="a" AND', "ends within", MUST, INVALID),
    "open-parenthesis": ('(trigger_id="a"', "has an open parenthesis", MUST, INVALID),
    "operator": ('trigger_id < "a"', "compares by an operator that its field lacks", SHOULD, EQUAL),
    "unknown-state": ("event_execution_state=NOTHING", "names an unknown state", SHOULD, "AIP-160"),
    "no-instant": (
        'CreateTimestamp > "soon"',
        "compares an instant with a word",
        SHOULD,
        "AIP-160",
    ),
}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            text,
            marks=clause(
                f"executions.filter.refused.{part}",
                level,
                f"A filter that {what} {level} be refused with INVALID_ARGUMENT.",
                source=source,
                features=NEEDED,
            ),
        )
        for part, (text, what, level, source) in WRONG.items()
    ],
)
def test_a_wrong_filter_is_refused(three: Three, text: str) -> None:
    expect_rest_error(three.runs.listing([("filter", text)]), Code.INVALID_ARGUMENT, field="filter")


@clause(
    "executions.filter.state.newer-names",
    MAY,
    "event_execution_state MAY be compared with PENDING, as executionDetails names a state; known "
    "answers are those of ON_HOLD, no execution, and INVALID_ARGUMENT.",
    source="Google publishes no values of event_execution_state",
    features=NEEDED,
)
def test_the_newer_names_of_states(three: Three) -> None:
    mine = f'execution_id="{three.waiting}"'
    text = f"event_execution_state=PENDING AND {mine}"
    answer = three.runs.listing([("filter", text)])
    if answer.ok:
        names = [each["name"] for each in answer.json.get("executions", [])]
        assert names in ([], [three.runs.name(three.waiting)])
    else:
        expect_rest_error(answer, Code.INVALID_ARGUMENT)
