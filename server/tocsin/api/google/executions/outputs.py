"""Returns what comes back from an execution, as its integration declares it."""

import json
from typing import Any

from tocsin.compilers.declared_parameters import typed
from tocsin.compilers.parameters import Parameter, from_json, to_json
from tocsin.plans.plan import outputs_of_action
from tocsin.store.invocations.rows import Invocation, State
from tocsin.wire.json_text import Json
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo
from tocsin_protos.google.cloud.integrations.v1alpha.value_type_pb2 import ValueType


def answered(invocation: Invocation) -> dict[str, Json]:
    """Returns the plain parameters that come back."""
    return {key: _plain(key, value) for key, value in typed_answer(invocation).items()}


def typed_answer(invocation: Invocation, *, hide_masked: bool = False) -> dict[str, ValueType]:
    """Returns the parameters that come back, in the types that are declared.

    Without a declaration everything comes back. A value that is not of its declared type keeps its
    own. A parameter that is input and output keeps its input if the integration answers without it.

    Args:
        invocation: the execution.
        hide_masked: whether to leave out the values of masked parameters.
    """
    if invocation.state is not State.SUCCEEDED:
        return {}
    plain: dict[str, Any] = json.loads(invocation.answer) if invocation.answer else {}
    outputs = outputs_of_action(invocation.action)
    if outputs is None:
        return {key: from_json(value) for key, value in plain.items()}
    given = ExecutionInfo.FromString(invocation.message or b"").request_params
    values: dict[str, ValueType] = {}
    for output in outputs:
        hidden = output.masked and hide_masked
        if output.key in plain:
            value = plain[output.key]
            shown = typed(value, output.data_type) or from_json(value)
            values[output.key] = ValueType() if hidden else shown
        elif output.kept and output.key in given and given[output.key].HasField("value"):
            values[output.key] = given[output.key].value
    return values


def _plain(key: str, value: ValueType) -> Json:
    return to_json(Parameter(key, key, value, masked=False))
