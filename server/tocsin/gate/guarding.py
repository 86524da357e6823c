"""Guards calls: authenticates and authorises callers, applies limits, writes the audit log."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from google.protobuf.descriptor import MethodDescriptor

from tocsin.access.networks import net_of
from tocsin.access.permissions.bindings import EVERYTHING
from tocsin.access.permissions.grants import GrantsOfSubjects
from tocsin.access.permissions.needs import NEEDS, Audience, Brings, Need, nothing
from tocsin.access.principal import Authenticator, CredentialRefused, Principal
from tocsin.access.sessions import removing
from tocsin.access.webhook_proofs import HUB_SIGNATURE, SIGNATURE
from tocsin.contract.fields import count_at
from tocsin.contract.routes import Envelope, envelope_of
from tocsin.gate.audit import Audit, Audited, is_denial
from tocsin.gate.authorising import AccountUse, Naming, Sight, Target
from tocsin.gate.limits import CallLimits
from tocsin.gate.made import made_of
from tocsin.gate.resources import Resources
from tocsin.store.driver.database import Database
from tocsin.wire import errors
from tocsin.wire.calls import Arrival, Call
from tocsin.wire.gate import UnknownNeed
from tocsin.wire.rest.browsers import is_at_home, is_by_page, session_of
from tocsin.wire.rest.system_parameters import credential_beside

log = structlog.get_logger(__name__)

AUTHORIZATION = "authorization"
MOST_PROVEN = 10_000


@dataclass(frozen=True, slots=True)
class AccessControl:
    """Authenticates callers, and knows their grants.

    `session_cookie` is the cookie of the page's sessions; None if the page is not served.
    """

    authenticator: Authenticator
    grants: GrantsOfSubjects
    session_cookie: str | None = None


class CallGate:
    """Guards all methods; without `access`, only limits and the audit log apply."""

    def __init__(
        self,
        database: Database,
        resources: Resources,
        limits: CallLimits,
        *,
        access: AccessControl | None,
        audit: Audit | None,
    ) -> None:
        self.database = database
        self.resources = resources
        self.limits = limits
        self.access = access
        self.audit = audit
        self.proven = Proven()

    def guard(self, method: MethodDescriptor) -> "MethodGuard":
        need = NEEDS.get(method.full_name)
        if need is None:
            raise UnknownNeed(f"the permissions of {method.full_name} are not defined")
        return MethodGuard(self, method, need)


class Proven:
    """Remembers recently valid credentials, by their hashes in this process.

    These are checked even if their address has sent too many bad credentials.
    """

    def __init__(self) -> None:
        self._digests: dict[int, None] = {}

    def add(self, credential: str) -> None:
        digest = hash(credential)
        if digest in self._digests:
            return
        if len(self._digests) >= MOST_PROVEN:
            del self._digests[next(iter(self._digests))]
        self._digests[digest] = None

    def __contains__(self, credential: str) -> bool:
        return hash(credential) in self._digests

    def drop(self, credential: str) -> None:
        self._digests.pop(hash(credential), None)


class MethodGuard:
    """Guards the calls of one method.

    `authenticates` is whether its callers are authenticated, `guessable` whether bad credentials
    are counted, and `reads_names` whether requests are searched for names.
    """

    def __init__(self, gate: CallGate, method: MethodDescriptor, need: Need) -> None:
        self.gate = gate
        self.name = method.full_name
        self.need = need
        self.naming = Naming(method.input_type, need, gate.resources)
        self.accounts = AccountUse(method.input_type, need, gate.resources, gate.database)
        self.count = _counting(method, need)
        self.made = made_of(method, need.made)
        self.is_google = envelope_of(method.containing_service) is Envelope.GOOGLE
        self.authenticates = gate.access is not None and need.audience is not Audience.PUBLIC
        self.guessable = gate.access is not None and (self.authenticates or need.shows_secret)
        self.reads_names = (
            self.authenticates
            or (gate.audit is not None and bool(need.event))
            or (gate.limits.of_invocations and need.brings is not Brings.NOTHING)
        )

    async def admit(self, arrival: Arrival) -> "AdmittedCall":
        call = await self.check_caller(arrival)
        if self.gate.limits.of_calls:
            self.gate.limits.call(call.caller)
        return call

    async def check_caller(self, arrival: Arrival) -> "AdmittedCall":
        """Checks who calls, and writes a denial down; counts no call.

        Raises:
            ApiError: the caller proves nothing, or too many bad credentials came from there.
        """
        call = AdmittedCall(self, arrival)
        try:
            arrival.caller = await self._identify(arrival)
            self._check_scope(call, arrival.caller)
        except errors.ApiError as error:
            if is_denial(error):
                call.write_down(error)
            raise
        return call

    async def _identify(self, arrival: Arrival) -> Principal | None:
        """Returns the caller, or None for a method that authenticates none."""
        access, limits = self.gate.access, self.gate.limits
        if access is None or not self.authenticates:
            if self.guessable and self.need.secret is nothing:
                self.refuse_guessing(arrival, shown_secret(arrival))
            return None
        credential = self._shown(arrival)
        session = self._session(arrival) if credential is None else None
        credential = credential or session
        if credential is None:
            limits.no_credential(arrival.peer)
            raise errors.credential_missing()
        if credential not in self.gate.proven:
            limits.refuse_guessing(arrival.peer)
        try:
            principal = await access.authenticator.authenticate(credential)
        except CredentialRefused as error:
            log.info("refused a credential", why=str(error), request_id=arrival.request_id)
            self.gate.proven.drop(credential)
            limits.bad_credential(arrival.peer)
            if session is not None and access.session_cookie is not None:
                # Otherwise an open page would go on showing it, as if it guessed.
                raise errors.session_ended(removing(access.session_cookie)) from None
            raise errors.credential_refused() from None
        if session is not None and not is_at_home(arrival, principal):
            raise self._not_from_page(arrival)
        self.gate.proven.add(credential)
        return principal

    def _shown(self, arrival: Arrival) -> str | None:
        """Returns the credential that a call has in its headers, or as Google's clients write it.

        Raises:
            ApiError: the call has several.
        """
        credential = _credential(arrival)
        return credential_beside(arrival) if credential is None and self.is_google else credential

    def _session(self, arrival: Arrival) -> str | None:
        """Returns the credential of a browser's session, or None.

        Raises:
            ApiError: there is one, but another page may have sent the request.
        """
        access = self.gate.access
        if access is None or access.session_cookie is None:
            return None
        session = session_of(arrival, access.session_cookie)
        if session is not None and not is_by_page(arrival, changes=bool(self.need.event)):
            raise self._not_from_page(arrival)
        return session

    def _not_from_page(self, arrival: Arrival) -> errors.ApiError:
        """Returns the refusal of a request that the page did not send, and counts it.

        Raises:
            ApiError: too many come from there; a foreign page must not fill the audit log.
        """
        self.gate.limits.no_credential(arrival.peer)
        return errors.not_from_page()

    def _check_scope(self, call: "AdmittedCall", principal: Principal | None) -> None:
        try:
            _check_scope(principal, self.need)
        except errors.ApiError:
            if self.gate.limits.of_calls:
                self.gate.limits.call(call.caller)
            raise

    def refuse_guessing(self, arrival: Arrival, secret: str) -> None:
        """Refuses a secret from an address with too many bad ones, unless it was valid recently.

        Raises:
            ApiError: the secret is not checked.
        """
        if not secret or self._remembered(secret) not in self.gate.proven:
            self.gate.limits.refuse_guessing(arrival.peer)

    async def wait_for_body(self, arrival: Arrival) -> None:
        """Waits until a large body may be read to see whether it proves its sender.

        Bodies of a sender that was right from there recently are read at once.

        Raises:
            ApiError: too many of them came from the address.
        """
        remembered, proven = self._remembered(shown_secret(arrival)), self.gate.proven
        bodies = self.gate.limits.unproven_bodies
        await bodies.wait(arrival.peer, lambda: remembered in proven)

    def remember(self, secret: str) -> None:
        """Remembers a secret that a public method has just accepted."""
        if secret:
            self.gate.proven.add(self._remembered(secret))

    def _remembered(self, secret: str) -> str:
        return f"{self.name} {secret}"


class AdmittedCall:
    """One admitted call; the names in its request are read once, for the audit log too."""

    def __init__(self, guard: MethodGuard, arrival: Arrival) -> None:
        self._guard = guard
        self._arrival = arrival
        self._targets: list[Target] = []
        self._secret = ""

    @property
    def caller(self) -> str:
        """The caller's subject, or the client's address."""
        caller = self._arrival.caller
        return self._arrival.peer if caller is None else caller.subject

    async def authorise(self, request: Any) -> Call:
        guard, gate = self._guard, self._guard.gate
        need = guard.need
        sight: Sight | None = None
        usable: frozenset[str] | None = None
        check_accounts: Callable[[Iterable[str]], Awaitable[None]] | None = None
        grant: Callable[[str, str], bool] | None = None
        if guard.guessable and not guard.authenticates:
            self._secret = need.secret(request) or shown_secret(self._arrival)
            if need.secret is not nothing:
                guard.refuse_guessing(self._arrival, self._secret)
        if guard.reads_names:
            self._targets = guard.naming.targets(request)
        if need.permission is not None and gate.access is not None:
            if self._arrival.caller is None:
                raise errors.credential_missing()
            grants = await gate.access.grants.of(self._arrival.caller.subject)
            grant = grants.allow
            sight = await guard.naming.check(grants, self._targets, need.more(request))
            if need.accounts:
                usable = await guard.accounts.check(grants, request)
                check_accounts = partial(guard.accounts.check_all, grants)
        bring = None if need.brings is Brings.NOTHING else self._bring
        return Call(self._arrival, sight, usable, check_accounts, grant, bring)

    async def charge(self, request: Any) -> None:
        guard, limits = self._guard, self._guard.gate.limits
        if guard.need.brings is Brings.NOTHING:
            return
        resource = await self._resource()
        limits.payload(resource, request.ByteSize())
        limits.invocations(resource, self.caller, guard.count(request))

    async def _bring(self, count: int) -> None:
        """Counts invocations that only the method knows of.

        Raises:
            ApiError: the quota is used up.
        """
        resource = await self._resource()
        self._guard.gate.limits.invocations(resource, self.caller, count)

    async def _resource(self) -> str:
        if not self._targets:
            return EVERYTHING
        return await self._guard.naming.resource_of(self._targets[0])

    def ended(self, outcome: bytes | errors.ApiError | None) -> None:
        guard = self._guard
        denied = is_denial(outcome)
        if guard.guessable and not guard.authenticates:
            if denied:
                guard.gate.limits.bad_credential(self._arrival.peer)
            elif isinstance(outcome, bytes):
                guard.remember(self._secret)
        if denied or guard.need.event:
            self.write_down(outcome)

    def write_down(self, outcome: bytes | errors.ApiError | None) -> None:
        guard, caller = self._guard, self._arrival.caller
        if guard.gate.audit is None:
            return
        guard.gate.audit.tell(
            Audited(
                event=guard.need.event,
                method=guard.name,
                subject="" if caller is None else caller.subject,
                resources=[target.name for target in self._targets],
                outcome=outcome,
                request_id=self._arrival.request_id,
                peer=self._arrival.peer,
                made=guard.made(outcome) if isinstance(outcome, bytes) and guard.need.made else {},
            )
        )


def _credential(arrival: Arrival) -> str | None:
    """Returns the credential of a call, or None.

    Raises:
        ApiError: the call has several credentials.
    """
    credentials = [value for name, value in arrival.metadata if name == AUTHORIZATION]
    if not credentials or not credentials[0]:
        return None
    [*others, credential] = credentials
    if others or not isinstance(credential, str):
        raise errors.credential_refused()
    return credential


def shown_secret(arrival: Arrival) -> str:
    """Returns what the proofs of a webhook's sender have in common; empty if it shows none.

    A signature is another for each body, so of a sender that signs the address is remembered.
    """
    if authorization := arrival.metadata_value(AUTHORIZATION):
        return authorization
    signs = any(arrival.metadata_value(name) for name in (HUB_SIGNATURE, SIGNATURE))
    return f"signed from {net_of(arrival.peer)}" if signs else ""


def _check_scope(principal: Principal | None, need: Need) -> None:
    if principal is None or principal.scopes is None or not need.scope:
        return
    if need.scope not in principal.scopes:
        raise errors.scope_insufficient(need.scope)


def _counting(method: MethodDescriptor, need: Need) -> Callable[[Any], int]:
    if need.brings is Brings.EACH:
        return count_at(method.input_type, need.each)
    if need.brings is Brings.FOUND:
        return lambda _: 0
    return lambda _: 1
