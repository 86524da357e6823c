"""Makes changes of triggers, and waits until their operations are over."""

from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from tocsin.conformance.expecting import finished, metadata_of
from tocsin.conformance.made import Made, create_request
from tocsin.conformance.peer import TRIGGERS, Answer, Metadata, Peer, unpacked
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract

Code = grpc.StatusCode

_CODES = {code.value[0]: code for code in Code}


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a change, whether it failed at once or as an operation."""

    code: grpc.StatusCode
    text: str
    details: tuple[Any, ...]
    operation: Any
    """The operation once it is done; None if the call itself failed."""
    answer: Answer
    """The answer of the call."""

    @property
    def ok(self) -> bool:
        return self.code is Code.OK

    def __str__(self) -> str:
        return self.code.name if self.ok else f"{self.code.name}: {self.text}"


class Changes:
    """Makes changes as the run's own caller; triggers are deleted after the check."""

    def __init__(self, peer: Peer, made: Made) -> None:
        self.peer = peer
        self.made = made

    def ask(self, method: str, request: Message, metadata: Metadata = ()) -> Ending:
        """Calls a method that changes something, and waits for its operation.

        Raises:
            AssertionError: the operation does not end.
        """
        answer = self.peer.call(f"{TRIGGERS}/{method}", request, metadata=metadata)
        if method == "Create":
            self.made.maybe_trigger(answer)
        return self.ending(answer)

    def ending(self, answer: Answer) -> Ending:
        """Returns what became of a change that was asked for before."""
        if not answer.ok:
            return Ending(answer.code, answer.text, answer.details, None, answer)
        operation = finished(self.peer, answer.message)
        if operation.HasField("error"):
            error = operation.error
            details = tuple(unpacked(detail) for detail in error.details)
            code = _CODES.get(error.code, Code.UNKNOWN)
            return Ending(code, error.message, details, operation, answer)
        return Ending(Code.OK, "", (), operation, answer)

    def done(self, method: str, request: Message, metadata: Metadata = (), why: str = "") -> Any:
        """Makes a change that has to succeed; returns its operation.

        Raises:
            AssertionError: it failed.
        """
        ending = self.ask(method, request, metadata)
        assert ending.ok, f"{method} must succeed{_because(why)}, but was answered {ending}"
        return ending.operation

    def refused(
        self, method: str, request: Message, *codes: grpc.StatusCode, why: str = ""
    ) -> Ending:
        """Asks for a change that has to fail with one of the codes.

        Raises:
            AssertionError: it succeeded, or failed with another code.
        """
        ending = self.ask(method, request)
        wanted = " or ".join(code.name for code in codes)
        assert ending.code in codes, (
            f"{method} must be refused with {wanted}{_because(why)}, but was answered {ending}"
        )
        return ending

    def create(self, **fields: Any) -> Any:
        """Creates a trigger, which has to succeed; returns it as Get shows it.

        `fields` are those of the request; a timer that does not tick is the usual rule.
        """
        operation = self.done("Create", create_request(self.peer, **fields))
        return self.get(metadata_of(operation).trigger_id)

    def update(self, trigger_id: str, *paths: str, **fields: Any) -> Any:
        """Updates a trigger, which has to succeed; returns it as Get shows it.

        Without paths the request has no mask.
        """
        self.done("Update", update_request(trigger_id, *paths, **fields))
        return self.get(trigger_id)

    def pause(self, trigger_id: str) -> Any:
        """Pauses a trigger, which has to succeed; returns the operation."""
        return self.done("Pause", contract.PauseTriggerRequest(trigger_id=trigger_id))

    def resume(self, trigger_id: str) -> Any:
        """Resumes a trigger, which has to succeed; returns the operation."""
        return self.done("Resume", contract.ResumeTriggerRequest(trigger_id=trigger_id))

    def delete(self, trigger_id: str) -> Any:
        """Deletes a trigger, which has to succeed; returns the operation."""
        return self.done("Delete", contract.DeleteTriggerRequest(trigger_id=trigger_id))

    def look(self, trigger_id: str) -> Answer:
        """Gets a trigger, whatever the answer is."""
        answer: Answer = self.peer.triggers.Get(contract.GetTriggerRequest(trigger_id=trigger_id))
        return answer

    def get(self, trigger_id: str) -> Any:
        """Gets a trigger, which has to succeed.

        Raises:
            AssertionError: it failed.
        """
        answer = self.look(trigger_id)
        assert answer.ok, f"Get of trigger {trigger_id} must succeed, but was answered {answer}"
        return answer.message


def update_request(trigger_id: str, *paths: str, **fields: Any) -> Any:
    """Returns an UpdateTriggerRequest; without paths it has no mask."""
    request = contract.UpdateTriggerRequest(trigger_id=trigger_id, **fields)
    if paths:
        request.update_mask.CopyFrom(FieldMask(paths=paths))
    return request


def nobody(known_id: str) -> str:
    """Returns an id that looks as a known one does and that nobody has."""
    head, tail = known_id[:-8], known_id[-8:]
    other = "".join(sorted(tail))
    return head + (other if other != tail else other[::-1])


def _because(why: str) -> str:
    return f" {why}" if why else ""
