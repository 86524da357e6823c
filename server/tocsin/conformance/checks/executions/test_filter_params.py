"""The filterParams of executions.list: conditions field by field, which must all hold."""

import pytest

from tocsin.conformance.checks.executions.cases import (
    FILTER_PARAMS,
    PARAMS,
    UNCLEAR,
    KeptByParams,
)
from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

NEEDED = (FEATURE, "execute", "filters")


def level_of(part: str) -> Level:
    """Returns how binding a case is."""
    if part.startswith(UNCLEAR):
        return MAY
    return SHOULD if part == "all-hold" else MUST


def sentence(case: KeptByParams, level: Level) -> str:
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
        for part, case in FILTER_PARAMS.items()
    ],
)
def test_parameters_keep(three: Three, case: KeptByParams, level: Level) -> None:
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
