"""Looks at one execution of a list, and reads no more of it than a filter asks for."""

from datetime import datetime
from functools import cached_property

from tocsin.api.google.executions.message import updated_at
from tocsin.api.google.executions.outputs import answered, typed_answer
from tocsin.compilers.parameters import Parameter, to_json
from tocsin.store.driver.instants import from_micros
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.executions import Stored
from tocsin.store.invocations.rows import Invocation, find_invocation
from tocsin.wire.json_text import Json
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo


class Candidate:
    """One execution; its row is read when something is asked that the indexes do not know."""

    def __init__(self, tx: Transaction, stored: Stored) -> None:
        self.stored = stored
        self._tx = tx

    @cached_property
    def invocation(self) -> Invocation:
        found = find_invocation(self._tx, self.stored.id)
        if found is None:
            raise LookupError(f"execution {self.stored.id} went within its transaction")
        return found

    @property
    def bytes_read(self) -> int:
        """How many bytes of it were read."""
        invocation: Invocation | None = self.__dict__.get("invocation")
        if invocation is None:
            return 0
        return len(invocation.message or b"") + len(invocation.answer or b"")

    @property
    def integration(self) -> str:
        return self.stored.origin.rpartition("/")[2]

    @property
    def created_at(self) -> datetime:
        return from_micros(self.stored.created_at)

    @cached_property
    def updated_at(self) -> datetime:
        return updated_at(self.invocation)

    @property
    def trigger(self) -> str:
        """The trigger of the integration; a node of 0.1.0 leaves the column empty."""
        known = self.stored.integration_trigger
        return self._info.trigger_id if known is None else known

    def has_id(self, execution_id: str) -> bool:
        return execution_id in (self.stored.execution_id, self.stored.id)

    def parameter_types(self) -> set[str]:
        """Returns the members that the values of its parameters set."""
        values = [sent.value for sent in self._info.request_params.values()]
        values += typed_answer(self.invocation).values()
        return {str(value.WhichOneof("value")) for value in values}

    def has_parameter(self, key: str, value: str) -> bool:
        """Returns whether it has a parameter of this name and this value; empty ones match any."""
        return any(
            (not key or name == key) and (not value or _text(plain) == value)
            for name, plain in self._parameters.items()
        )

    @cached_property
    def _info(self) -> ExecutionInfo:
        return ExecutionInfo.FromString(self.invocation.message or b"")

    @cached_property
    def _parameters(self) -> dict[str, Json]:
        sent = {
            key: to_json(Parameter(key, key, parameter.value, parameter.masked))
            for key, parameter in self._info.request_params.items()
        }
        return {**answered(self.invocation), **sent}


def _text(value: Json) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case _:
            return str(value)
