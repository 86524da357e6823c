"""Builds the parts that authenticate callers, and the services that issue credentials."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version

from tocsin.access.principal import SERVICE_ACCOUNT
from tocsin.access.sealing import Keyring
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
from tocsin.composition.grpc_server import Services, StartError
from tocsin.console.settings import ConsoleSettings
from tocsin.engine.observer import Observer
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
from tocsin.wire.paging import PageTokens, new_key


@dataclass(frozen=True, slots=True)
class Identifying:
    """Holds services, the gate's identity, chores of the engine, and what closes them.

    `identity` is None if access control is off.
    """

    services: Services
    identity: Identity | None
    chores: Sequence[Callable[[], Awaitable[None]]]
    close: Callable[[], Awaitable[None]]


async def identify(
    settings: AccessSettings,
    console: ConsoleSettings,
    reach: Reach,
    clock: Clock,
    database: Database,
    keys: SigningKeys,
    reached: Reached,
    node: str,
    observer: Observer,
    pages: PageTokens,
    ring: Keyring,
) -> Identifying:
    """Builds the parts, and writes the accounts and roles of the settings to the store.

    `reached` gets the server's addresses once it listens. `ring` has the keys that encrypt those of
    the store.

    Raises:
        StartError: an account or key of the settings already exists and is not from the settings.
    """
    shared_clock = shared_clock_of(clock)
    if not settings.enabled:
        return _open(shared_clock, keys, console)
    await _keep_configured(settings, database, shared_clock)
    life = timedelta(hours=settings.token_hours)
    tokens = IamTokens(keys, shared_clock, life=life, checked=True)
    agent = f"tocsin/{version('tocsin')}"
    documents = Documents(agent, FetchFailed, reach)
    foreign = Documents(agent, FetchFailed, reach.of_foreign_documents())
    issuers = Issuers(
        settings.issuers, shared_clock, documents.get, foreign.get, machine_clock=MACHINE_CLOCK
    )

    async def close() -> None:
        await documents.close()
        await foreign.close()

    authenticator = StoredAuthenticator(
        database, shared_clock, tokens, issuers, machine_clock=MACHINE_CLOCK
    )
    known = KnownAccess(database)
    assertions = Assertions(shared_clock, reached.addresses)
    iam = iam_tokens.IamTokenService(database, shared_clock, tokens, assertions)
    signing_in, cookie = {}, None
    if console.enabled:
        cookies = Cookies(await kept_key(database, COOKIES, new_key, ring))
        flow = CodeFlow(
            settings.issuers,
            issuers,
            shared_clock,
            documents.post,
            foreign.post,
            machine_clock=MACHINE_CLOCK,
        )
        longest = timedelta(hours=console.session_hours)
        service = sessions.SessionService(database, shared_clock, cookies, flow, longest)
        signing_in, cookie = {sessions.SERVICE: service.methods()}, cookies.session
    duty = Duty("proofs", database, clock, node=node)
    sweep = ExpirySweep(
        database, shared_clock, PROOFS, duty, machine_clock=MACHINE_CLOCK, observer=observer
    )
    return Identifying(
        {
            iam_tokens.SERVICE: iam.methods(),
            access.SERVICE: access.methods(database, shared_clock, Ids(shared_clock), pages),
            **signing_in,
        },
        Identity(authenticator, known, known, cookie),
        (sweep.run_once,),
        close,
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
