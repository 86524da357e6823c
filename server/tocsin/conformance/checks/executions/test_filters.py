"""The filter of executions.list of v1: fields, operators, AND, OR, NOT."""

from dataclasses import dataclass

import pytest

from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE, V1
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

FILTER = f"{V1}, executions.list, filter"
EQUAL = f"{FILTER}: 'All fields support for EQUALS'"
BEFORE = f"{FILTER}: 'CreateTimestamp support for LESS_THAN, GREATER_THAN'"
HAS = f'{FILTER}: \'ParameterType support for HAS For example: "parameter_type" HAS "string"\''
WORDS = f"{FILTER}: 'Also supports operators like AND, OR, NOT'"
NEEDED = (FEATURE, "execute", "filters")
INVALID = "AIP-160: 'if the filter is not valid, the API must send INVALID_ARGUMENT'"
LONG_AGO, LONG_AFTER = "1990-01-01T00:00:00Z", "2098-01-01T00:00:00Z"
ALL, NONE = ("waiting", "cancelled", "done"), ()


@dataclass(frozen=True)
class Kept:
    """A filter, and which of the three executions it keeps."""

    filter: str
    """With {integration}, {trigger}, {waiting}, {cancelled} and {done} to be filled in."""
    kept: tuple[str, ...]
    source: str


FILTERS: dict[str, Kept] = {
    "workflow-name": Kept('workflow_name="{integration}"', ALL, EQUAL),
    "workflow-name.other": Kept('workflow_name="nothing-{integration}"', NONE, EQUAL),
    "trigger-id": Kept('trigger_id="{trigger}"', ALL, EQUAL),
    "trigger-id.other": Kept('trigger_id="{trigger}x"', NONE, EQUAL),
    "execution-id": Kept('execution_id="{done}"', ("done",), EQUAL),
    "execution-id.other": Kept('execution_id="{done}x"', NONE, EQUAL),
    "state.on-hold": Kept("event_execution_state=ON_HOLD", ("waiting",), EQUAL),
    "state.canceled": Kept("event_execution_state=CANCELED", ("cancelled",), EQUAL),
    "state.succeeded": Kept("event_execution_state=SUCCEEDED", ("done",), EQUAL),
    "state.failed": Kept("event_execution_state=FAILED", NONE, EQUAL),
    "state.in-process": Kept("event_execution_state=IN_PROCESS", NONE, EQUAL),
    "state.retry-on-hold": Kept("event_execution_state=RETRY_ON_HOLD", NONE, EQUAL),
    "state.suspended": Kept("event_execution_state=SUSPENDED", NONE, EQUAL),
    "create-timestamp.greater": Kept(f'CreateTimestamp > "{LONG_AGO}"', ALL, BEFORE),
    "create-timestamp.not-greater": Kept(f'CreateTimestamp > "{LONG_AFTER}"', NONE, BEFORE),
    "create-timestamp.less": Kept(f'CreateTimestamp < "{LONG_AFTER}"', ALL, BEFORE),
    "create-timestamp.not-less": Kept(f'CreateTimestamp < "{LONG_AGO}"', NONE, BEFORE),
    "parameter-type.has": Kept('parameter_type:"string"', ("done",), HAS),
    "parameter-type.has-not": Kept('parameter_type:"boolean"', NONE, HAS),
    "parameter-type": Kept('parameter_type="string"', ("done",), EQUAL),
    "and": Kept('trigger_id="{trigger}" AND execution_id="{done}"', ("done",), WORDS),
    "and.neither": Kept('execution_id="{waiting}" AND execution_id="{done}"', NONE, WORDS),
    "or": Kept('execution_id="{waiting}" OR execution_id="{done}"', ("waiting", "done"), WORDS),
    "not": Kept("NOT event_execution_state=SUCCEEDED", ("waiting", "cancelled"), WORDS),
    "not.or": Kept(
        'NOT (execution_id="{waiting}" OR execution_id="{done}")', ("cancelled",), WORDS
    ),
    "and.not": Kept('trigger_id="{trigger}" AND NOT execution_id="{done}"', ALL[:2], WORDS),
    "example": Kept(
        'trigger_id="{trigger}" AND workflow_name="{integration}"',
        ALL,
        f'{FILTER}: \'For example, trigger_id="id1" AND workflow_name="testWorkflow"\'',
    ),
    "or-before-and": Kept(
        'event_execution_state=SUCCEEDED AND execution_id="{waiting}" OR execution_id="{done}"',
        ("done",),
        "AIP-160: 'The OR operator has higher precedence than AND'",
    ),
    "parentheses": Kept(
        '(event_execution_state=SUCCEEDED AND execution_id="{waiting}") OR execution_id="{done}"',
        ("done",),
        "AIP-160: parentheses group",
    ),
    "parentheses.or": Kept(
        '(event_execution_state=ON_HOLD AND execution_id="{waiting}") OR execution_id="{done}"',
        ("waiting", "done"),
        "AIP-160: parentheses group",
    ),
    "two-words": Kept(
        'execution_id="{done}" trigger_id="{trigger}x"', NONE, "AIP-160: a sequence is an AND"
    ),
    "minus": Kept("-event_execution_state=SUCCEEDED", ALL[:2], "AIP-160: `-` is NOT"),
}
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
