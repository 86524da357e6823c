"""`yandex.cloud.operation.OperationService`."""

from tocsin.api import errors
from tocsin.api.calls import Context
from tocsin.api.serving import Method
from tocsin.store.database import Database
from tocsin.store.operations import find_operation
from tocsin_protos.yandex.cloud.operation import operation_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["OperationService"]


class OperationService:
    """Every operation of ours is done when it is first answered, so there is nothing to cancel."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def methods(self) -> dict[str, Method]:
        return {"Get": self.get, "Cancel": self.cancel}

    async def get(self, request: contract.GetOperationRequest, _: Context) -> bytes:
        return await self._found(request.operation_id)

    async def cancel(self, request: contract.CancelOperationRequest, _: Context) -> bytes:
        return await self._found(request.operation_id)

    async def _found(self, operation_id: str) -> bytes:
        message = await self._database.read(lambda tx: find_operation(tx, operation_id))
        if message is None:
            raise errors.operation_not_found(operation_id)
        return message
