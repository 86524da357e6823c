"""Makes what a check needs, and takes it away when the check is over."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import grpc
from google.protobuf import json_format

from tocsin.conformance.expecting import (
    expect_ok,
    expect_operation,
    finished,
    metadata_of,
    response_of,
)
from tocsin.conformance.peer import Answer, Peer
from tocsin_protos.yandex.cloud.operation import operation_pb2 as contract_operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2

# Ticks on no day within the life of a run.
NEVER = "0 0 29 2 ? 2096"
FUNCTION = "conformance-function"

_GONE = (grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND)


class Made:
    """Registers what a check has made; all of it is deleted after the check."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._undo: list[Callable[[], str | None]] = []

    def later(self, undo: Callable[[], str | None]) -> None:
        """Registers what undoes something; it returns what is left behind, or None."""
        self._undo.append(undo)

    def trigger(self, answer: Answer) -> Any:
        """Registers the trigger of a Create that has to succeed; returns it.

        Raises:
            AssertionError: the call or its operation failed, or it names no trigger.
        """
        self.maybe_trigger(answer)
        ended = replace(answer, message=finished(self._peer, expect_ok(answer)))
        return response_of(expect_operation(ended, trigger_pb2.Trigger))

    def maybe_trigger(self, answer: Answer) -> None:
        """Registers the trigger of a Create, if it has made one against expectation."""
        if answer.message is not None:
            metadata = metadata_of(answer.message)
            trigger_id = getattr(metadata, "trigger_id", "")
            if trigger_id:
                self.trigger_id(trigger_id)

    def maybe_trigger_json(self, body: bytes) -> None:
        """Registers the trigger of a Create over REST, if it has made one against expectation."""
        operation = contract_operation.Operation()
        with suppress(json_format.ParseError):
            json_format.Parse(body, operation, ignore_unknown_fields=True)
        trigger_id = getattr(metadata_of(operation), "trigger_id", "")
        if trigger_id:
            self.trigger_id(trigger_id)

    def trigger_id(self, trigger_id: str) -> None:
        """Registers a trigger by its id."""

        def delete() -> str | None:
            request = trigger_service_pb2.DeleteTriggerRequest(trigger_id=trigger_id)
            answer = self._peer.triggers.Delete(request)
            return None if answer.code in _GONE else f"trigger {trigger_id}: {answer}"

        self.later(delete)

    def undo(self) -> list[str]:
        """Takes away what was made, the last first; returns what is left behind."""
        left = [wrong for undo in reversed(self._undo) if (wrong := undo()) is not None]
        self._undo = []
        return left


def timer(cron_expression: str = NEVER, payload: str = "") -> Any:
    """Returns a rule with a timer that calls a function."""
    return trigger_pb2.Trigger.Rule(
        timer=trigger_pb2.Trigger.Timer(
            cron_expression=cron_expression,
            payload=payload,
            invoke_function_with_retry=trigger_pb2.InvokeFunctionWithRetry(
                function_id=FUNCTION, function_tag="$latest"
            ),
        )
    )


def create_request(peer: Peer, **fields: Any) -> Any:
    """Returns a valid request for a trigger with a timer; `fields` replace its own."""
    usual = {"folder_id": peer.folder, "name": peer.name(), "rule": timer()}
    return trigger_service_pb2.CreateTriggerRequest(**{**usual, **fields})
