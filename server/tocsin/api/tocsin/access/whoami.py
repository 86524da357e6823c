"""Serves `tocsin.v1.AccessService.WhoAmI`: who calls, and what the caller may do."""

from collections.abc import Sequence

from tocsin.access.permissions.bindings import ALL_AUTHENTICATED_USERS, EVERYTHING
from tocsin.access.permissions.roles import ALL, ROLES, Permission
from tocsin.store.access.accounts import find_account
from tocsin.store.access.bindings import StoredBinding, bindings_of
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire.calls import Call
from tocsin.wire.serving import Served
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract


class WhoAmI:
    """Serves `WhoAmI` by the roles in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def methods(self) -> dict[str, Served]:
        return {"WhoAmI": self.get}

    async def get(self, _request: contract.WhoAmIRequest, call: Call) -> contract.WhoAmIResponse:
        """Says who calls, and what the caller may do on what."""
        caller = call.caller
        assert caller is not None, "the gate lets nobody in without a credential"
        kind_and_id = caller.subject.partition(":")

        def read(tx: Transaction) -> tuple[list[StoredBinding], str]:
            account = find_account(tx, kind_and_id[2])
            name = "" if account is None or account.subject != caller.subject else account.name
            return bindings_of(tx, (caller.subject, ALL_AUTHENTICATED_USERS)), name

        bindings, name = await self._database.read(read)
        if caller.session is not None:
            name = caller.session.name
        answer = contract.WhoAmIResponse(
            access_control=True,
            subject=caller.subject,
            name=name,
            bindings=[
                contract.Binding(
                    resource=each.resource,
                    subject=each.subject,
                    role=each.role,
                    configured=each.configured,
                )
                for each in sorted(bindings, key=lambda binding: binding.key)
            ],
            allowed=_allowed(bindings),
        )
        if caller.expires_at is not None:
            answer.expires_at.CopyFrom(to_timestamp(caller.expires_at))
        return answer


async def everybody(_request: contract.WhoAmIRequest) -> contract.WhoAmIResponse:
    """Answers on a server without access control: everybody may do everything."""
    return contract.WhoAmIResponse(allowed=[_permissions(EVERYTHING, ALL)])


def _allowed(bindings: Sequence[StoredBinding]) -> list[contract.AllowedPermissions]:
    by_resource: dict[str, frozenset[Permission]] = {}
    for binding in bindings:
        role = ROLES.get(binding.role)
        if role is not None:
            before = by_resource.get(binding.resource, frozenset())
            by_resource[binding.resource] = before | role.permissions
    return [_permissions(resource, held) for resource, held in sorted(by_resource.items())]


def _permissions(resource: str, held: frozenset[Permission]) -> contract.AllowedPermissions:
    return contract.AllowedPermissions(resource=resource, permissions=sorted(held))
