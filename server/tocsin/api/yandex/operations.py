"""Serves `yandex.cloud.operation.OperationService`."""

from tocsin.store.driver.database import Database
from tocsin.store.triggers.operations import find_operation
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.serving import Method
from tocsin_protos.yandex.cloud.operation import operation_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["OperationService"]

# Seconds after which SDKs poll again, the least that they accept. Some SDKs poll once even though
# the operation was done in the first answer.
POLL_INTERVAL = (("x-operation-poll-interval", "1"),)


class OperationService:
    """Serves operations, which are all done in the first answer, so none can be cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get, "Cancel": self.cancel}

    async def get(self, request: contract.GetOperationRequest, call: Call) -> bytes:
        """Returns an operation."""
        message = await self._message(request.operation_id)
        await call.send_metadata(POLL_INTERVAL)
        return message

    async def cancel(self, request: contract.CancelOperationRequest) -> bytes:
        """Returns the operation unchanged: it is done already."""
        return await self._message(request.operation_id)

    async def _message(self, operation_id: str) -> bytes:
        message = await self._database.read(lambda tx: find_operation(tx, operation_id))
        if message is None:
            raise errors.operation_not_found(operation_id)
        return message
