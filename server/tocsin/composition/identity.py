"""Builds the parts that authenticate callers, and the services that issue credentials."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.access.sessions import Cookies
from tocsin.access.tokens.assertions import Assertions
from tocsin.access.tokens.audiences import Reached
from tocsin.access.tokens.code_flow import CodeFlow
from tocsin.access.tokens.iam_tokens import IamTokens
from tocsin.access.tokens.issuers import FetchFailed, Issuers
from tocsin.access.tokens.rsa_keys import load_public, public_pem
from tocsin.access.tokens.signing import SigningKeys
from tocsin.api.tocsin.access import service as access
from tocsin.api.tocsin.sessions import service as sessions
from tocsin.api.yandex import iam_tokens
from tocsin.composition.clocks import MACHINE_CLOCK, shared_clock_of
from tocsin.composition.gating import Identity
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import Services, StartError
from tocsin.console.settings import ConsoleSettings
from tocsin.engine.sealed_keys import kept_key
from tocsin.engine.upkeep.duty import Duty
from tocsin.engine.upkeep.expiry_sweep import ExpirySweep
from tocsin.gate.authenticator import StoredAuthenticator
from tocsin.gate.known_access import KnownAccess
from tocsin.gate.settings import AccessSettings
from tocsin.outgoing.documents import Documents
from tocsin.outgoing.reach import Reach
from tocsin.schedule import Clock
from tocsin.store.access.accounts import Account
from tocsin.store.access.authorised_keys import StoredAuthorisedKey
from tocsin.store.access.bindings import StoredBinding
from tocsin.store.access.configured import AlreadyThere, keep_configured
from tocsin.store.driver.database import Database
from tocsin.store.expiry import PROOFS
from tocsin.store.shared_keys import COOKIES
from tocsin.wire.ids import Ids
from tocsin.wire.paging import new_key


@dataclass(frozen=True, slots=True)
class Identifying:
    """Holds services, the gate's identity, chores of the engine, and what closes them.

    `identity` is None if access control is off.
    """

    services: Services
    identity: Identity | None
    chores: Sequence[Callable[[], Awaitable[None]]]
    close: Callable[[], Awaitable[None]]


async def identify(ground: Ground, keys: SigningKeys, reached: Reached) -> Identifying:
    """Builds the parts, and writes the accounts and roles of the settings to the store.

    `reached` gets the server's addresses once it listens.

    Raises:
        StartError: an account or key of the settings already exists and is not from the settings.
    """
    settings, database = ground.settings.access, ground.database
    shared_clock = shared_clock_of(ground.clock)
    if not settings.enabled:
        return _open(shared_clock, keys, ground.settings.console)
    await _keep_configured(settings, database, shared_clock)
    life = timedelta(hours=settings.token_hours)
    tokens = IamTokens(keys, shared_clock, life=life, checked=True)
    outside = _outside(settings, ground.settings.targets.reach, shared_clock)
    authenticator = StoredAuthenticator(
        database, shared_clock, tokens, outside.issuers, machine_clock=MACHINE_CLOCK
    )
    known = KnownAccess(database)
    assertions = Assertions(shared_clock, reached.addresses)
    iam = iam_tokens.IamTokenService(database, shared_clock, tokens, assertions)
    signing_in, cookie = await _signing_in(ground, outside, shared_clock)
    return Identifying(
        {
            iam_tokens.SERVICE: iam.methods(),
            access.SERVICE: access.methods(database, shared_clock, Ids(shared_clock), ground.pages),
            **signing_in,
        },
        Identity(authenticator, known, known, cookie),
        (_sweep_of_proofs(ground, shared_clock).run_once,),
        outside.close,
    )


@dataclass(frozen=True, slots=True)
class _Outside:
    """Holds the issuers of other organisations, and what fetches their documents.

    `foreign` fetches those whose addresses an issuer names.
    """

    issuers: Issuers
    documents: Documents
    foreign: Documents

    async def close(self) -> None:
        await self.documents.close()
        await self.foreign.close()


def _outside(settings: AccessSettings, reach: Reach, shared_clock: Clock) -> _Outside:
    agent = f"tocsin/{version('tocsin')}"
    documents = Documents(agent, FetchFailed, reach)
    foreign = Documents(agent, FetchFailed, reach.of_foreign_documents())
    issuers = Issuers(
        settings.issuers, shared_clock, documents.get, foreign.get, machine_clock=MACHINE_CLOCK
    )
    return _Outside(issuers, documents, foreign)


async def _signing_in(
    ground: Ground, outside: _Outside, shared_clock: Clock
) -> tuple[Services, str | None]:
    """Builds the service by which people sign in on the page; returns it with its cookie."""
    console, database = ground.settings.console, ground.database
    if not console.enabled:
        return {}, None
    cookies = Cookies(await kept_key(database, COOKIES, new_key, ground.ring))
    flow = CodeFlow(
        ground.settings.access.issuers,
        outside.issuers,
        shared_clock,
        outside.documents.post,
        outside.foreign.post,
        machine_clock=MACHINE_CLOCK,
    )
    longest = timedelta(hours=console.session_hours)
    service = sessions.SessionService(database, shared_clock, cookies, flow, longest)
    return {sessions.SERVICE: service.methods()}, cookies.session


def _sweep_of_proofs(ground: Ground, shared_clock: Clock) -> ExpirySweep:
    """Builds what deletes proofs that have expired, on one node at a time."""
    return ExpirySweep(
        ground.database,
        shared_clock,
        PROOFS,
        Duty("proofs", ground.database, ground.clock, node=ground.node),
        machine_clock=MACHINE_CLOCK,
        observer=ground.telemetry.observer,
    )


def _open(shared_clock: Clock, keys: SigningKeys, console: ConsoleSettings) -> Identifying:
    """Builds the parts of a server without access control."""

    async def close() -> None:
        """Does nothing: there is nothing to close."""

    tokens = IamTokens(keys, shared_clock, checked=False)
    return Identifying(
        {
            iam_tokens.SERVICE: iam_tokens.OpenIamTokenService(shared_clock, tokens).methods(),
            access.SERVICE: access.closed_methods(),
            **({sessions.SERVICE: sessions.closed_methods()} if console.enabled else {}),
        },
        None,
        (),
        close,
    )


async def _keep_configured(settings: AccessSettings, database: Database, clock: Clock) -> None:
    now = clock.now()
    accounts = [
        Account(
            account_id, SERVICE_ACCOUNT, account.folder_id, account.name, now, now, configured=True
        )
        for account_id, account in settings.service_accounts.items()
    ]
    keys = [
        _configured_key(key_id, account_id, pem, now)
        for account_id, account in settings.service_accounts.items()
        for key_id, pem in account.public_keys.items()
    ]
    bindings = [
        StoredBinding(binding.resource, binding.subject, binding.role, configured=True)
        for binding in settings.bindings
    ]
    try:
        await database.write(lambda tx: keep_configured(tx, accounts, keys, bindings))
    except AlreadyThere as error:
        raise StartError(
            f"the settings have {error}, but the store has one that is not from the settings: "
            "delete that one with `tocsin access`, or rename the one in the settings"
        ) from error


def _configured_key(key_id: str, account_id: str, pem: str, now: datetime) -> StoredAuthorisedKey:
    public = load_public(pem)
    return StoredAuthorisedKey(
        key_id,
        account_id,
        f"RSA_{public.key_size}",
        public_pem(public),
        "",
        now,
        configured=True,
    )
