"""Sends the payload of an invocation again, as it was or changed, as a new invocation."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from google.protobuf import json_format

from tocsin.api.tocsin.invocations.message import by_hand, to_message
from tocsin.api.tocsin.invocations.steering import find, refuse_deleted
from tocsin.plans.accounts import accounts_of_action
from tocsin.plans.plan import action_from_json, target_key
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.listing import find_summary, find_whole
from tocsin.store.invocations.rows import Invocation, insert_invocation
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.idempotency import Once
from tocsin.wire.ids import Ids
from tocsin_protos.tocsin.v1 import invocation_service_pb2 as contract

# Begins the replay of an execution by its name, the reason, the parameters that change, and the
# trace of the call; returns the new invocation's id.
Replay: TypeAlias = Callable[[str, str, Mapping[str, Any], str | None], Awaitable[str]]

SCOPE = "tocsin.v1.InvocationService.Resend"
USUAL_REASON = "resent"


class Resending:
    """Sends payloads again; `replay` begins the replays of executions."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, replay: Replay) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._replay = replay

    async def resend(self, request: contract.ResendRequest, call: Call) -> bytes:
        """Makes a new invocation of one that is stored."""
        first = await self._database.read(lambda tx: find(tx, request.invocation_id))
        if first.is_execution:
            return await self._resend_execution(request, first, call)
        if request.parameters or request.reason:
            raise errors.invalid_field(
                "parameters" if request.parameters else "reason",
                "must be empty: only executions of integrations have it",
            )
        changed = request.WhichOneof("payload") is not None
        if changed:
            await call.use_accounts(accounts_of_action(action_from_json(first.action)))
        now = self._clock.now()
        once = Once.of("request_id", request.request_id, request, scope=call.scope(SCOPE))

        def resend(tx: Transaction) -> bytes:
            if (known := once.answer(tx, now)) is not None:
                return known
            again = self._again(tx, request, changed)
            insert_invocation(tx, again, due_at=now)
            answer = contract.ResendResponse(
                invocation=to_message(find(tx, again.id))
            ).SerializeToString()
            once.remember(tx, answer, now)
            return answer

        return await self._database.write(resend)

    def _again(self, tx: Transaction, request: contract.ResendRequest, changed: bool) -> Invocation:
        first = find_whole(tx, request.invocation_id)
        if first is None:
            raise errors.invocation_not_found(request.invocation_id)
        refuse_deleted(tx, first)
        id_, now = self._ids.new(), self._clock.now()
        return Invocation(
            id=id_,
            parent=first.parent,
            origin=first.origin,
            occurrence=by_hand(first.origin, id_, 0),
            scheduled_at=now,
            action=first.action,
            target=target_key(action_from_json(first.action).target),
            payload=_payload(request) if changed else first.payload,
            created_at=now,
            by_hand=True,
            replay_of=first.id,
        )

    async def _resend_execution(
        self, request: contract.ResendRequest, first: Invocation, call: Call
    ) -> bytes:
        for field, given in (
            (request.WhichOneof("payload"), True),
            ("request_id", bool(request.request_id)),
        ):
            if field and given:
                raise errors.invalid_field(
                    field, "must be empty: an execution of an integration takes parameters"
                )
        name = f"{first.origin}/executions/{first.shown_id}"
        reason = request.reason or USUAL_REASON
        again = await self._replay(name, reason, _plain(request), call.traceparent)
        found = await self._database.read(lambda tx: find_summary(tx, again))
        if found is None:
            raise errors.invocation_not_found(again)
        return contract.ResendResponse(invocation=to_message(found)).SerializeToString()


def _payload(request: contract.ResendRequest) -> bytes:
    if request.WhichOneof("payload") == "body":
        return request.body
    return json_format.MessageToJson(request.json, indent=None, ensure_ascii=False).encode()


def _plain(request: contract.ResendRequest) -> Mapping[str, Any]:
    """Returns parameters as plain JSON; a whole number is an integer, as the page can't tell."""
    plain = {key: json_format.MessageToDict(value) for key, value in request.parameters.items()}
    return {
        key: int(value) if isinstance(value, float) and value.is_integer() else value
        for key, value in plain.items()
    }
