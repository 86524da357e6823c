"""Builds the parts that identify callers, and that identify this server to its targets."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tocsin.access.exposure import refuse_ignored_accounts
from tocsin.access.tokens.audiences import Reached
from tocsin.access.tokens.signing import SigningKeys
from tocsin.composition.clocks import MACHINE_CLOCK, shared_clock_of
from tocsin.composition.gating import Identity
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import Services
from tocsin.composition.identity import identify
from tocsin.composition.issuing import account_tokens, issuer_of, key_services
from tocsin.composition.listening import Doors
from tocsin.engine.upkeep.key_rotation import KeyRotation
from tocsin.gate.settings import AccessSettings
from tocsin.outgoing.tokens import AccountTokens
from tocsin.schedule import Clock
from tocsin.settings import Address
from tocsin.store.access.accounts import has_accounts
from tocsin.store.driver.database import Database


@dataclass(frozen=True, slots=True)
class Callers:
    """Holds the services and chores of access control, and the tokens of this server's calls.

    `identity` is None if access control is off.
    """

    identity: Identity | None
    services: Services
    chores: Sequence[Callable[[], Awaitable[None]]]
    tokens: AccountTokens
    reached: Reached

    def found_at(self, doors: Doors, access: AccessSettings, advertised: Address | None) -> None:
        """Accepts JWTs for the addresses of these doors, and issues tokens in the name of one."""
        for reachable in filter(None, (*doors, advertised)):
            self.reached.at(*reachable)
        issuer = issuer_of(access, advertised, tls=doors.tls, http=doors.http)
        self.tokens.issue_as(issuer)


async def know_callers(stack: AsyncExitStack, ground: Ground) -> Callers:
    """Builds the parts, and writes the accounts and roles of the settings to the store.

    Raises:
        StartError: an account or key of the settings already exists and is not from the settings.
        ExposureRefused: access control is off, but the database has accounts.
    """
    settings, clock, database = ground.settings, ground.clock, ground.database
    if not settings.access.enabled:
        known = await database.read(has_accounts)
        refuse_ignored_accounts(has_accounts=known, ignored=settings.ignore_accounts)
    signing = await _signing(clock, database, settings.access)
    reached = Reached()
    who = await identify(ground, signing.keys, reached)
    stack.push_async_callback(who.close)
    tokens = account_tokens(clock, database, signing.keys)
    return Callers(
        who.identity,
        {**who.services, **key_services(signing.keys, tokens)},
        (signing.run_once, *who.chores),
        tokens,
        reached,
    )


async def _signing(clock: Clock, database: Database, access: AccessSettings) -> KeyRotation:
    """Reads the signing keys, and makes the first one if there is none."""
    shared_clock = shared_clock_of(clock)
    signing = KeyRotation(
        database,
        shared_clock,
        SigningKeys(shared_clock),
        machine_clock=MACHINE_CLOCK,
        read_keyring=access.keyring,
    )
    await signing.look()
    return signing
