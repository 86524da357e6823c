"""Filters, parameters of filters and masks of a list, and which of three executions they keep.

The three are called waiting, cancelled and done; done has the parameters text and n.
"""

from collections.abc import Sequence
from dataclasses import dataclass

TEXT = "a text of its own"
ALL, NONE = ("waiting", "cancelled", "done"), ()
LONG_AGO, LONG_AFTER = "1990-01-01T00:00:00Z", "2098-01-01T00:00:00Z"
V1 = "discovery document integrations v1"
V2 = "discovery document integrations v2"

FILTER = f"{V1}, executions.list, filter"
EQUAL = f"{FILTER}: 'All fields support for EQUALS'"
BEFORE = f"{FILTER}: 'CreateTimestamp support for LESS_THAN, GREATER_THAN'"
HAS = f'{FILTER}: \'ParameterType support for HAS For example: "parameter_type" HAS "string"\''
WORDS = f"{FILTER}: 'Also supports operators like AND, OR, NOT'"


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

PARAMS = f"{V1}, executions.list, filterParams"


@dataclass(frozen=True)
class KeptByParams:
    """Parameters, and which of the three executions they keep."""

    params: tuple[tuple[str, str], ...]
    """With {integration}, {waiting} and {done} to be filled in."""
    kept: tuple[str, ...]
    source: str


def one(name: str, value: str, kept: tuple[str, ...], said: str) -> KeptByParams:
    """Returns a case of one parameter."""
    return KeptByParams(((name, value),), kept, f"{PARAMS}.{name}: '{said}'")


STATES = "List of possible event statuses"
KEY, VALUE = (f"Param {each} in the key value pair filter" for each in ("key", "value"))
FILTER_PARAMS: dict[str, KeptByParams] = {
    "execution-id": one("executionId", "{done}", ("done",), "Execution id"),
    "execution-id.other": one("executionId", "{done}x", (), "Execution id"),
    "workflow-name": one("workflowName", "{integration}", ALL, "Workflow name"),
    "workflow-name.other": one("workflowName", "nothing-{integration}", (), "Workflow name"),
    "event-statuses": one("eventStatuses", "SUCCEEDED", ("done",), STATES),
    "event-statuses.canceled": one("eventStatuses", "CANCELED", ("cancelled",), STATES),
    "event-statuses.on-hold": one("eventStatuses", "ON_HOLD", ("waiting",), STATES),
    "event-statuses.two": KeptByParams(
        (("eventStatuses", "SUCCEEDED"), ("eventStatuses", "ON_HOLD")),
        ("waiting", "done"),
        f"{PARAMS}.eventStatuses: '{STATES}'",
    ),
    "parameter-pair-key": one("parameterPairKey", "text", ("done",), KEY),
    "parameter-pair-key.other": one("parameterPairKey", "nothing", (), KEY),
    "parameter-pair-value": one("parameterPairValue", TEXT, ("done",), VALUE),
    "parameter-pair-value.other": one("parameterPairValue", "nothing", (), VALUE),
    "parameter-pair": KeptByParams(
        (("parameterPairKey", "text"), ("parameterPairValue", TEXT)),
        ("done",),
        f"{PARAMS}.parameterPairValue: '{VALUE}'",
    ),
    "parameter-pair.of-another": KeptByParams(
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
    "all-hold": KeptByParams(
        (("executionId", "{done}"), ("eventStatuses", "ON_HOLD")),
        (),
        f"{PARAMS}: each field narrows the list",
    ),
}
# The unit is not published; milliseconds are what the older form of an execution has.
UNCLEAR = ("start-time", "end-time")

# The paths that Google's text lists, and whether an execution that is done has something there.
MASK_PATHS: dict[str, bool] = {
    "trigger_id": True,
    "execution_method": True,
    "create_time": True,
    "update_time": True,
    "execution_details": True,
    "execution_details.state": True,
    "execution_details.execution_snapshots": False,
    "execution_details.attempt_stats": True,
    "execution_details.event_execution_snapshots_size": False,
    "request_parameters": True,
    "cloud_logging_details": False,
    "snapshot_number": False,
    "replay_info": False,
}

FILTER_OF_V2 = f"{V2}, executions.list, filter"
EQUAL_OF_V2 = f"{FILTER_OF_V2}: 'All fields support for EQUALS'"
BEFORE_OF_V2 = f"{FILTER_OF_V2}: 'create_time and update_time support for LESS_THAN, GREATER_THAN'"
WORDS_OF_V2 = f"{FILTER_OF_V2}: 'Also supports operators like AND, OR, NOT'"
FILTERS_OF_V2: dict[str, tuple[str, Sequence[str], str]] = {
    "integration-name": ('integration_name="{integration}"', ALL, EQUAL_OF_V2),
    "integration-name.other": ('integration_name="nothing"', NONE, EQUAL_OF_V2),
    "state.on-hold": ("state=ON_HOLD", ("waiting",), EQUAL_OF_V2),
    "state.cancelled": ("state=CANCELLED", ("cancelled",), EQUAL_OF_V2),
    "state.succeeded": ("state=SUCCEEDED", ("done",), EQUAL_OF_V2),
    "execution-id": ('execution_id="{done}"', ("done",), EQUAL_OF_V2),
    "trigger-id": ('trigger_id="{trigger}"', ALL, EQUAL_OF_V2),
    "trigger-id.other": ('trigger_id="{trigger}x"', NONE, EQUAL_OF_V2),
    "create-time.greater": (f'create_time > "{LONG_AGO}"', ALL, BEFORE_OF_V2),
    "create-time.not-greater": (f'create_time > "{LONG_AFTER}"', NONE, BEFORE_OF_V2),
    "create-time.less": (f'create_time < "{LONG_AFTER}"', ALL, BEFORE_OF_V2),
    "create-time.not-less": (f'create_time < "{LONG_AGO}"', NONE, BEFORE_OF_V2),
    "update-time.greater": (f'update_time > "{LONG_AGO}"', ALL, BEFORE_OF_V2),
    "update-time.not-greater": (f'update_time > "{LONG_AFTER}"', NONE, BEFORE_OF_V2),
    "update-time.less": (f'update_time < "{LONG_AFTER}"', ALL, BEFORE_OF_V2),
    "update-time.not-less": (f'update_time < "{LONG_AGO}"', NONE, BEFORE_OF_V2),
    "and": ('trigger_id="{trigger}" AND state=SUCCEEDED', ("done",), WORDS_OF_V2),
    "or": ("state=SUCCEEDED OR state=ON_HOLD", ("waiting", "done"), WORDS_OF_V2),
    "not": ("NOT state=SUCCEEDED", ("waiting", "cancelled"), WORDS_OF_V2),
}
