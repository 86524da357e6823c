"""Checks the callers of doors without gRPC methods, such as the one for metrics."""

import structlog

from tocsin.access.permissions.bindings import EVERYTHING
from tocsin.access.permissions.roles import Permission
from tocsin.access.principal import CredentialRefused
from tocsin.gate.audit import Audited, is_denial
from tocsin.gate.guarding import CallGate
from tocsin.wire import errors

log = structlog.get_logger(__name__)


class DoorGuard:
    """Requires a permission on everything from callers of one door."""

    def __init__(self, gate: CallGate, name: str, permission: Permission) -> None:
        self._gate = gate
        self._name = name
        self._permission = permission

    async def check(self, authorization: str, peer: str) -> None:
        """Checks a caller.

        Args:
            authorization: the value of the `Authorization` header, empty if it is missing.
            peer: the caller's IP address.

        Raises:
            ApiError: the caller is not permitted, or sent too many bad credentials.
            StoreUnavailable: the store can't be reached.
        """
        subject = ""
        try:
            subject = await self._identify(authorization, peer)
            await self._authorise(subject)
        except errors.ApiError as error:
            if self._gate.audit is not None and is_denial(error):
                self._gate.audit.tell(
                    Audited("", self._name, subject, (EVERYTHING,), error, "", peer)
                )
            raise

    async def _identify(self, authorization: str, peer: str) -> str:
        access, limits = self._gate.access, self._gate.limits
        assert access is not None, "doors are guarded only with access control"
        if not authorization:
            limits.no_credential(peer)
            raise errors.credential_missing()
        limits.refuse_guessing(peer)
        try:
            return (await access.authenticator.authenticate(authorization)).subject
        except CredentialRefused as error:
            log.info("refused a credential", why=str(error), door=self._name)
            limits.bad_credential(peer)
            raise errors.credential_refused() from None

    async def _authorise(self, subject: str) -> None:
        access = self._gate.access
        assert access is not None
        grants = await access.grants.of(subject)
        if not grants.allow_everywhere(self._permission):
            raise errors.permission_denied(self._permission, EVERYTHING)
