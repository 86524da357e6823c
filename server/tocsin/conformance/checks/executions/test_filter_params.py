"""The filterParams of executions.list: conditions field by field, which must all hold."""

from dataclasses import dataclass

import pytest

from tocsin.conformance.checks.executions.fixtures import TEXT, Three
from tocsin.conformance.checks.executions.runs import FEATURE, V1
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

PARAMS = f"{V1}, executions.list, filterParams"
ALL = ("waiting", "cancelled", "done")
NEEDED = (FEATURE, "execute", "filters")


@dataclass(frozen=True)
class Kept:
    """Parameters, and which of the three executions they keep."""

    params: tuple[tuple[str, str], ...]
    """With {integration}, {waiting} and {done} to be filled in."""
    kept: tuple[str, ...]
    source: str


def one(name: str, value: str, kept: tuple[str, ...], said: str) -> Kept:
    """Returns a case of one parameter."""
    return Kept(((name, value),), kept, f"{PARAMS}.{name}: '{said}'")


STATES = "List of possible event statuses"
KEY, VALUE = (f"Param {each} in the key value pair filter" for each in ("key", "value"))
CASES: dict[str, Kept] = {
    "execution-id": one("executionId", "{done}", ("done",), "Execution id"),
    "execution-id.other": one("executionId", "{done}x", (), "Execution id"),
    "workflow-name": one("workflowName", "{integration}", ALL, "Workflow name"),
    "workflow-name.other": one("workflowName", "nothing-{integration}", (), "Workflow name"),
    "event-statuses": one("eventStatuses", "SUCCEEDED", ("done",), STATES),
    "event-statuses.canceled": one("eventStatuses", "CANCELED", ("cancelled",), STATES),
    "event-statuses.on-hold": one("eventStatuses", "ON_HOLD", ("waiting",), STATES),
    "event-statuses.two": Kept(
        (("eventStatuses", "SUCCEEDED"), ("eventStatuses", "ON_HOLD")),
        ("waiting", "done"),
        f"{PARAMS}.eventStatuses: '{STATES}'",
    ),
    "parameter-pair-key": one("parameterPairKey", "text", ("done",), KEY),
    "parameter-pair-key.other": one("parameterPairKey", "nothing", (), KEY),
    "parameter-pair-value": one("parameterPairValue", TEXT, ("done",), VALUE),
    "parameter-pair-value.other": one("parameterPairValue", "nothing", (), VALUE),
    "parameter-pair": Kept(
        (("parameterPairKey", "text"), ("parameterPairValue", TEXT)),
        ("done",),
        f"{PARAMS}.parameterPairValue: '{VALUE}'",
    ),
    "parameter-pair.of-another": Kept(
        (("parameterPairKey", "n"), ("parameterPairValue", TEXT)),
        (),
        f"{PARAMS}.parameterPairValue: '{VALUE}'",
    ),
    "parameter-type": one("parameterType", "string", ("done",), "Param type"),
    "parameter-type.other": one("parameterType", "boolean", (), "Param type"),
    "parameter-key": one("parameterKey", "text", ("done",), "Param key. DEPRECATED"),
    "parameter-value": one("parameterValue", TEXT, ("done",), "Param value. DEPRECATED"),
    "custom-filter": one(
        "customFilter",
        "event_execution_state=SUCCEEDED",
        ("done",),
        "Optional user-provided custom filter",
    ),
    "custom-filter.other": one(
        "customFilter",
        'trigger_id="api_trigger/nothing"',
        (),
        "Optional user-provided custom filter",
    ),
    "start-time": one("startTime", "631152000000", ALL, "Start timestamp"),
    "start-time.later": one("startTime", "4039372800000", (), "Start timestamp"),
    "end-time": one("endTime", "4039372800000", ALL, "End timestamp"),
    "end-time.earlier": one("endTime", "631152000000", (), "End timestamp"),
    "all-hold": Kept(
        (("executionId", "{done}"), ("eventStatuses", "ON_HOLD")),
        (),
        f"{PARAMS}: each field narrows the list",
    ),
}
# The unit is not published; milliseconds are what the older form of an execution has.
UNCLEAR = ("start-time", "end-time")


def level_of(part: str) -> Level:
    """Returns how binding a case is."""
    if part.startswith(UNCLEAR):
        return MAY
    return SHOULD if part == "all-hold" else MUST


def sentence(case: Kept, level: Level) -> str:
    """Returns what parameters have to keep, in words."""
    shown = " and ".join(f"`filterParams.{name}={value}`" for name, value in case.params)
    who = ", ".join(case.kept) or "none"
    unit = " (in milliseconds, or else refused; the unit is not published)" if level is MAY else ""
    return (
        "Of an execution that is waiting, one that is cancelled and one that is done, with the "
        f"parameters text and n, {shown} {level} keep{unit}: {who}."
    )


@pytest.mark.parametrize(
    ("case", "level"),
    [
        pytest.param(
            case,
            level_of(part),
            marks=clause(
                f"executions.filter-params.{part}",
                level_of(part),
                sentence(case, level_of(part)),
                source=case.source,
                features=NEEDED,
            ),
        )
        for part, case in CASES.items()
    ],
)
def test_parameters_keep(three: Three, case: Kept, level: Level) -> None:
    runs = three.runs
    query = [
        (
            f"filterParams.{name}",
            value.format(integration=runs.short, waiting=three.waiting, done=three.done),
        )
        for name, value in case.params
    ]
    own = " OR ".join(f'execution_id="{each}"' for each in three.ids)
    query.append(("filter", own))
    answer = runs.listing(query)
    if level is MAY and not answer.ok:
        expect_rest_error(answer, Code.INVALID_ARGUMENT)
        return
    pages = runs.pages(query)
    names = [each["name"] for page in pages for each in page.get("executions", [])]
    assert three.named([each.rpartition("/")[2] for each in names]) == set(case.kept)


@clause(
    "executions.filter-params.task-statuses",
    MAY,
    "filterParams.taskStatuses MAY be taken; known answers are a list, and INVALID_ARGUMENT where "
    "integrations have no tasks.",
    source=f"{PARAMS}.taskStatuses: 'List of possible task statuses'",
    features=NEEDED,
)
def test_states_of_tasks(three: Three) -> None:
    answer = three.runs.listing([("filterParams.taskStatuses", "SUCCEED")])
    if not answer.ok:
        expect_rest_error(answer, Code.INVALID_ARGUMENT)
