"""The readMask of executions.list: only what it names is shown."""

from typing import Any

import pytest

from tocsin.conformance.checks.executions.cases import MASK_PATHS, V1
from tocsin.conformance.checks.executions.fixtures import Three
from tocsin.conformance.checks.executions.runs import FEATURE
from tocsin.conformance.clauses import MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

MASK = f"{V1}, executions.list, readMask"
ONLY = f"{MASK}: 'If set, only the field specified will be returned as part of the result'"
NEEDED = (FEATURE, "execute", "filters")


def camel(path: str) -> str:
    """Returns a path by the names of JSON."""
    first, *more = path.split("_")
    return first + "".join(each.capitalize() for each in more)


def shown(three: Three, mask: str) -> Any:
    """Returns the execution that is done, as a list with that mask shows it."""
    query = [("filter", f'execution_id="{three.done}"'), ("readMask", mask)]
    [execution] = three.runs.page(query)
    return execution


def part_of(whole: Any, *paths: str) -> Any:
    """Returns what paths name of an execution, and its name."""
    part: dict[str, Any] = {"name": whole["name"]}
    for path in paths:
        value, target = whole, part
        *parents, last = [camel(each) for each in path.split(".")]
        for parent in parents:
            value, target = value.get(parent, {}), target.setdefault(parent, {})
        if last in value:
            target[last] = value[last]
    return {key: value for key, value in part.items() if value != {}}


def masked(execution: Any) -> Any:
    """Returns an execution without members that say nothing."""
    return {key: value for key, value in execution.items() if value not in ({}, [], None)}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            marks=clause(
                f"executions.read-mask.{path}",
                MUST,
                f"readMask `{path}` MUST show that alone, beside the name.",
                source=f"{ONLY}, 'Supported fields:' {path}",
                features=NEEDED,
            ),
        )
        for path in MASK_PATHS
    ],
)
def test_a_mask_shows_one_field(three: Three, path: str) -> None:
    whole = three.runs.get(three.done)
    found = shown(three, path)
    wanted = part_of(whole, path)
    assert masked({"name": whole["name"], **found}) == masked(wanted)
    if MASK_PATHS[path]:
        assert len(wanted) > 1, f"the execution has no {path}"


@clause(
    "executions.read-mask.several",
    MUST,
    "readMask with several fields MUST show each of them, and no others.",
    source=f"{ONLY}; proto google/protobuf/field_mask.proto: paths are separated by commas",
    features=NEEDED,
)
def test_a_mask_shows_several_fields(three: Three) -> None:
    whole = three.runs.get(three.done)
    found = shown(three, "trigger_id,execution_details.state")
    wanted = part_of(whole, "trigger_id", "execution_details.state")
    assert {"name": whole["name"], **found} == wanted


@clause(
    "executions.read-mask.camel-case",
    MUST,
    "readMask MUST take paths in lowerCamelCase.",
    source=f"{MASK}, format google-fieldmask; proto google/protobuf/field_mask.proto: 'In JSON, a "
    "field mask is encoded as a single string … field names in each path are converted to/from "
    "lower-camel naming conventions'",
    features=NEEDED,
)
def test_a_mask_by_the_names_of_json(three: Three) -> None:
    whole = three.runs.get(three.done)
    found = shown(three, "executionDetails.attemptStats,createTime")
    wanted = part_of(whole, "execution_details.attempt_stats", "create_time")
    assert {"name": whole["name"], **found} == wanted


@clause(
    "executions.read-mask.none",
    MUST,
    "Without a readMask a list MUST show all fields.",
    source=f"{MASK}: 'If not set, all fields in Execution will be filled and returned'",
    features=NEEDED,
)
def test_no_mask_shows_all(three: Three) -> None:
    [execution] = three.runs.page([("filter", f'execution_id="{three.done}"')])
    assert execution == three.runs.get(three.done)


@clause(
    "executions.read-mask.unknown",
    SHOULD,
    "readMask with a path that is no field SHOULD be refused with INVALID_ARGUMENT.",
    source="AIP-157; AIP-161",
    features=NEEDED,
)
def test_an_unknown_path_is_refused(three: Three) -> None:
    answer = three.runs.listing([("readMask", "trigger_id,nothing")])
    expect_rest_error(answer, Code.INVALID_ARGUMENT)
