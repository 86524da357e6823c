"""Serves the methods of `tocsin.v1.AccessService` about roles of subjects on resources."""

import re

from tocsin.access.permissions.bindings import ALL_AUTHENTICATED_USERS
from tocsin.access.permissions.resources import is_bindable
from tocsin.access.permissions.roles import ROLES
from tocsin.access.principal import FEDERATED, SERVICE_ACCOUNT, USER_ACCOUNT, CredentialRefused
from tocsin.contract.validation import Violation
from tocsin.gate.proofs import account_of
from tocsin.store.access.bindings import (
    StoredBinding,
    add_binding,
    delete_binding,
    find_binding,
    page_of_bindings,
)
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_size
from tocsin.wire.serving import Checked, Served
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

FEDERATED_SUBJECT = re.compile(FEDERATED + r":[a-z][a-z0-9-]{0,62}:\S.{0,254}")
# Separates a binding's parts in a page token; resources and roles never contain it.
SEPARATOR = "\t"


class Bindings:
    """Serves the methods of `AccessService` about roles."""

    def __init__(self, database: Database, pages: PageTokens) -> None:
        self._database = database
        self._pages = pages

    def methods(self) -> dict[str, Served]:
        return {
            "AddBinding": Checked(self.add, _violations),
            "ListBindings": self.list,
            "RemoveBinding": self.remove,
        }

    async def add(self, request: contract.AddBindingRequest) -> contract.AddBindingResponse:
        """Gives a subject a role on a resource."""
        wanted = _stored(request.binding)

        def add(tx: Transaction) -> StoredBinding:
            kind = wanted.subject.partition(":")[0]
            if kind in (SERVICE_ACCOUNT, USER_ACCOUNT):
                try:
                    account_of(tx, wanted.subject)
                except CredentialRefused as error:
                    raise errors.invalid_field("binding.subject", str(error)) from None
            add_binding(tx, wanted)
            tell_change(tx)
            return find_binding(tx, wanted) or wanted

        added = await self._database.write(add)
        return contract.AddBindingResponse(binding=_message(added))

    async def list(
        self, request: contract.ListBindingsRequest, call: Call
    ) -> contract.ListBindingsResponse:
        """Lists bindings, optionally of one resource or one subject."""
        tokens = self._pages.of(call, request, request.resource, request.subject)
        size = page_size(request.page_size)
        after = _parts(tokens.position(request.page_token))
        bindings = await self._database.read(
            lambda tx: page_of_bindings(
                tx,
                resource=request.resource or None,
                subject=request.subject or None,
                after=after,
                limit=size + 1,
            )
        )
        page = bindings[:size]
        more = len(bindings) > size
        token = tokens.token(SEPARATOR.join(page[-1].key)) if more else ""
        return contract.ListBindingsResponse(
            bindings=[_message(binding) for binding in page], next_page_token=token
        )

    async def remove(
        self, request: contract.RemoveBindingRequest
    ) -> contract.RemoveBindingResponse:
        """Takes a role from a subject."""
        unwanted = _stored(request.binding)

        def remove(tx: Transaction) -> None:
            binding = find_binding(tx, unwanted)
            if binding is None:
                raise errors.binding_not_found(*unwanted.key)
            if binding.configured:
                raise errors.configured("The binding")
            delete_binding(tx, binding)
            tell_change(tx)

        await self._database.write(remove)
        return contract.RemoveBindingResponse()


def _stored(binding: contract.Binding) -> StoredBinding:
    return StoredBinding(binding.resource, binding.subject, binding.role)


def _message(binding: StoredBinding) -> contract.Binding:
    return contract.Binding(
        resource=binding.resource,
        subject=binding.subject,
        role=binding.role,
        configured=binding.configured,
    )


def _parts(text: str | None) -> tuple[str, str, str]:
    if text is None:
        return "", "", ""
    resource, _, rest = text.partition(SEPARATOR)
    subject, _, role = rest.rpartition(SEPARATOR)
    return resource, subject, role


def _violations(request: contract.AddBindingRequest) -> list[Violation]:
    binding, violations = request.binding, []
    if binding.resource and not is_bindable(binding.resource):
        violations.append(
            Violation(
                "binding.resource", "must be folders/ID, projects/ID, a resource below one, or *"
            )
        )
    if binding.subject and not _is_subject(binding.subject):
        violations.append(
            Violation(
                "binding.subject",
                "must be serviceAccount:ID, userAccount:ID, federatedUser:ISSUER:SUB or "
                f"{ALL_AUTHENTICATED_USERS}",
            )
        )
    if binding.role and binding.role not in ROLES:
        violations.append(Violation("binding.role", f"must be one of {', '.join(sorted(ROLES))}"))
    return violations


def _is_subject(subject: str) -> bool:
    kind, _, name = subject.partition(":")
    if kind in (SERVICE_ACCOUNT, USER_ACCOUNT):
        return bool(name)
    return subject == ALL_AUTHENTICATED_USERS or FEDERATED_SUBJECT.fullmatch(subject) is not None
