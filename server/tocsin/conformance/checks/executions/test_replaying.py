"""executions.replay: modes, masks, reasons, and what both executions tell of it."""

import pytest

from tocsin.conformance.checks.executions.cases import V1, V2
from tocsin.conformance.checks.executions.runs import FEATURE, Runs
from tocsin.conformance.clauses import MAY, MUST, SHOULD, Level, clause
from tocsin.conformance.expecting import Code, expect_rest_error

pytest_plugins = ["tocsin.conformance.checks.executions.fixtures"]

REPLAY = (
    f"{V1}, executions.replay: 'Re-execute an existing execution, with same request parameters "
)
REPLAY += "and execution strategy'"
RESPONSE = f"{V1}, ReplayExecutionResponse"
REQUEST = f"{V1}, ReplayExecutionRequest"
INFO = f"{V1}, ExecutionReplayInfo"
SENT = {"a": {"stringValue": "first"}, "b": {"intValue": "1"}}
OTHER = {"b": {"intValue": "2"}}


def replay_clause(
    name: str, level: Level, sentence: str, *, source: str, features: tuple[str, ...] = ()
) -> pytest.MarkDecorator:
    needed = (FEATURE, "replay", *features)
    return clause(f"executions.replay.{name}", level, sentence, source=source, features=needed)


@replay_clause(
    "new", MUST, "Replay MUST make a new execution, with an id of its own.", source=REPLAY
)
def test_it_is_a_new_execution(runs: Runs) -> None:
    first = runs.cancelled()
    second = runs.replayed(first)["executionId"]
    assert second != first
    assert runs.get(second)["name"] == runs.name(second)


@replay_clause(
    "replayed-id",
    MUST,
    "The answer MUST have the id of the execution that is replayed.",
    source=f"{RESPONSE}.replayedExecutionId: 'The execution id which is replayed'",
)
def test_the_answer_names_the_first(runs: Runs) -> None:
    first = runs.cancelled()
    assert runs.replayed(first)["replayedExecutionId"] == first


@replay_clause(
    "first-stays",
    MUST,
    "The execution that is replayed MUST stay in its state.",
    source="ExecutionDetails.state: 'There's no more change after this state'",
)
def test_the_first_stays(runs: Runs) -> None:
    first = runs.cancelled()
    before = runs.get(first)
    runs.replayed(first)
    after = runs.get(first)
    for name in ("executionDetails", "requestParameters", "createTime", "updateTime"):
        assert after.get(name) == before.get(name)


@replay_clause(
    "trigger", MUST, "The new execution MUST have the trigger of the first one.", source=REPLAY
)
def test_it_has_the_trigger(runs: Runs) -> None:
    second = runs.replayed(runs.cancelled())["executionId"]
    assert runs.get(second)["triggerId"] == runs.peer.trigger_id


@replay_clause(
    "parameters.same",
    MUST,
    "Without modified parameters the new execution MUST have those of the first one.",
    source=REPLAY,
)
def test_parameters_are_the_same(runs: Runs) -> None:
    second = runs.replayed(runs.cancelled(inputParameters=SENT))["executionId"]
    assert runs.get(second)["requestParameters"] == SENT


@replay_clause(
    "parameters.no-mask",
    MUST,
    "Without a mask the new execution MUST have the modified parameters alone.",
    source=f"{REQUEST}.updateMask: 'If the `update_mask` is not specified, all the parameters from "
    "original execution will be ignored and only the `modified_parameters` will be used'",
)
def test_without_a_mask_all_are_replaced(runs: Runs) -> None:
    first = runs.cancelled(inputParameters=SENT)
    second = runs.replayed(first, modifiedParameters=OTHER)["executionId"]
    assert runs.get(second)["requestParameters"] == OTHER


@replay_clause(
    "parameters.mask",
    MUST,
    "With a mask the new execution MUST have what it names, and all else of the first one.",
    source=f"{REQUEST}.updateMask: 'The list of parameters to be updated'",
)
def test_a_mask_replaces_one(runs: Runs) -> None:
    first = runs.cancelled(inputParameters=SENT)
    second = runs.replayed(first, modifiedParameters=OTHER, updateMask="b")["executionId"]
    assert runs.get(second)["requestParameters"] == {**SENT, **OTHER}


@replay_clause(
    "parameters.not-in-mask",
    MUST,
    "A modified parameter that the mask does not name MUST be ignored.",
    source=f"{REQUEST}.modifiedParameters: 'Any field not present in the 'update_mask' will be "
    "ignored and its value will be taken from the original execution'",
)
def test_a_parameter_beside_the_mask_is_ignored(runs: Runs) -> None:
    first = runs.cancelled(inputParameters=SENT)
    changed = {**OTHER, "a": {"stringValue": "second"}}
    second = runs.replayed(first, modifiedParameters=changed, updateMask="b")["executionId"]
    assert runs.get(second)["requestParameters"] == {**SENT, **OTHER}


@replay_clause(
    "parameters.mask-without",
    MUST,
    "A mask that names what modifiedParameters lack MUST be refused with INVALID_ARGUMENT.",
    source=f"{REQUEST}.updateMask: 'It is an error to include a parameter in `update_mask` but not "
    "in `modified_parameters`'",
)
def test_a_mask_without_its_parameter_is_refused(runs: Runs) -> None:
    first = runs.cancelled(inputParameters=SENT)
    answer = runs.replay(first, modifiedParameters=OTHER, updateMask="a,b")
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


@replay_clause(
    "parameters.of-the-first-stay",
    MUST,
    "Modified parameters MUST NOT change those of the first execution.",
    source=REPLAY,
)
def test_the_first_keeps_its_parameters(runs: Runs) -> None:
    first = runs.cancelled(inputParameters=SENT)
    runs.replayed(first, modifiedParameters=OTHER)
    assert runs.get(first)["requestParameters"] == SENT


@replay_clause(
    "reason.required",
    MUST,
    "Replay without a replayReason MUST be refused with INVALID_ARGUMENT.",
    source=f"{REQUEST}.replayReason: 'Required. The user provided reason for replaying the "
    "execution'; AIP-203",
)
def test_a_reason_is_required(runs: Runs) -> None:
    answer = runs.replay(runs.cancelled(), replayReason=None)
    expect_rest_error(answer, Code.INVALID_ARGUMENT, field="replay_reason")


@replay_clause(
    "info.original",
    MUST,
    "replayInfo of the new execution MUST name the first one, and the reason.",
    source=f"{INFO}.originalExecutionInfoId: 'If this execution is a replay of another execution, "
    "then this field contains the original execution id'",
)
def test_it_names_what_it_replays(runs: Runs) -> None:
    first = runs.cancelled()
    second = runs.replayed(first, replayReason="because")["executionId"]
    told = runs.get(second)["replayInfo"]
    assert (told["originalExecutionInfoId"], told["replayReason"]) == (first, "because")


@replay_clause(
    "info.replayed",
    MUST,
    "replayInfo of the first execution MUST name those that replay it.",
    source=f"{INFO}.replayedExecutionInfoIds: 'If this execution has been replayed, then this "
    "field contains the execution ids of the replayed executions'",
)
def test_it_names_what_replays_it(runs: Runs) -> None:
    first = runs.cancelled()
    ids = {runs.replayed(first)["executionId"] for _ in range(2)}
    assert set(runs.get(first)["replayInfo"]["replayedExecutionInfoIds"]) == ids


MODES = ("REPLAY_MODE_FROM_BEGINNING", "REPLAY_MODE_POINT_OF_FAILURE")


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(
            mode,
            marks=replay_clause(
                f"mode.{mode.removeprefix('REPLAY_MODE_').replace('_', '-').lower()}",
                level,
                f"A cancelled execution {level} be replayed with {mode}, which replayInfo then "
                "has"
                + ("; known answers are this, and FAILED_PRECONDITION." if level is MAY else "."),
                source=f"{INFO}.replayMode: 'Replay mode for the execution'",
            ),
        )
        for mode, level in zip(MODES, (MUST, MAY), strict=True)
    ],
)
def test_a_mode_is_kept(runs: Runs, mode: str) -> None:
    answer = runs.replay(runs.cancelled(), replayMode=mode)
    if mode == MODES[1] and not answer.ok:
        expect_rest_error(answer, Code.FAILED_PRECONDITION)
        return
    assert answer.ok, f"the request must succeed, but was answered {answer}"
    assert runs.get(answer.json["executionId"])["replayInfo"]["replayMode"] == mode


@replay_clause(
    "mode.unknown",
    MUST,
    "An unknown replayMode MUST be refused with INVALID_ARGUMENT.",
    source=f"{REQUEST}.replayMode: an enum; AIP-193",
)
def test_an_unknown_mode_is_refused(runs: Runs) -> None:
    answer = runs.replay(runs.cancelled(), replayMode="REPLAY_MODE_BACKWARDS")
    expect_rest_error(answer, Code.INVALID_ARGUMENT)


@replay_clause(
    "mode.without-failure",
    MAY,
    "Replay from the point of failure MAY be refused for an execution that succeeded; known "
    "answers are FAILED_PRECONDITION, and a new execution.",
    source=f"{INFO}.replayMode: 'Replay the execution from the first failed task' leaves it open",
    features=("execute",),
)
def test_there_was_no_failure(runs: Runs) -> None:
    answer = runs.replay(runs.done(), replayMode=MODES[1])
    if not answer.ok:
        expect_rest_error(answer, Code.FAILED_PRECONDITION)


@replay_clause(
    "waiting",
    MAY,
    "Replay of an execution that waits MAY be refused; known answers are FAILED_PRECONDITION, and "
    "a new execution.",
    source=f"{REPLAY} does not say which",
)
def test_what_waits_is_replayed(runs: Runs) -> None:
    answer = runs.replay(runs.waiting())
    if not answer.ok:
        expect_rest_error(answer, Code.FAILED_PRECONDITION)


@replay_clause(
    "strategy.waits",
    SHOULD,
    "Replay of an execution whose caller waited SHOULD wait too, so that the new one has ended.",
    source=f"{REPLAY}; {RESPONSE}.outputParameters: 'The parameters would only be present in case "
    "of synchrounous execution'",
    features=("execute",),
)
def test_it_waits_as_the_first_did(runs: Runs) -> None:
    second = runs.replayed(runs.done())["executionId"]
    shown = runs.get(second)
    assert shown["executionMethod"] == "POST"
    assert shown["executionDetails"]["state"] == "SUCCEEDED"


@replay_clause(
    "of-a-replay",
    SHOULD,
    "A replay SHOULD be replayed in turn, and the third execution name the second.",
    source=f"{INFO}: 'replay tree connecting executions in a parent-child relationship'",
    features=("execute",),
)
def test_a_replay_is_replayed(runs: Runs) -> None:
    second = runs.replayed(runs.done())["executionId"]
    third = runs.replayed(second)["executionId"]
    assert runs.get(third)["replayInfo"]["originalExecutionInfoId"] == second


@replay_clause(
    "absent",
    MUST,
    "Replay of an id that nobody has MUST be refused with NOT_FOUND.",
    source=f"{V1}, executions.replay, name; AIP-193",
)
def test_an_absent_one_is_not_found(runs: Runs) -> None:
    expect_rest_error(runs.replay("nobody-has-this-id"), *runs.peer.absent)


@replay_clause(
    "info.v2",
    MUST,
    "replayInfo in v2 MUST have originalExecutionId in the new execution, and replayedExecutionIds "
    "in the first one.",
    source=f"{V2}, ExecutionReplayInfo",
    features=("integrations-v2", "filters"),
)
def test_v2_has_its_own_names(runs: Runs) -> None:
    first = runs.cancelled()
    second = runs.replayed(first, replayReason="because")["executionId"]
    [shown] = runs.page([("filter", f'execution_id="{second}"')], "v2")
    assert shown["replayInfo"]["originalExecutionId"] == first
    assert shown["replayInfo"]["replayReason"] == "because"
    [shown] = runs.page([("filter", f'execution_id="{first}"')], "v2")
    assert shown["replayInfo"]["replayedExecutionIds"] == [second]
