"""Builds what knows callers, and what makes this server known to those whom it calls."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

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
from tocsin.store.driver.database import Database


@dataclass(frozen=True, slots=True)
class Callers:
    """What is served and done so that callers are known, and what proves this server's own calls.

    `identity` None: access control is off.
    """

    identity: Identity | None
    services: Services
    chores: Sequence[Callable[[], Awaitable[None]]]
    tokens: AccountTokens
    reached: Reached

    def found_at(self, doors: Doors, access: AccessSettings, advertised: Address | None) -> None:
        """Takes JWTs that are meant for these doors, and issues tokens in the name of one."""
        for reachable in filter(None, (*doors, advertised)):
            self.reached.at(*reachable)
        issuer = issuer_of(access, advertised, tls=doors.tls, http=doors.http)
        self.tokens.issue_as(issuer)


async def know_callers(stack: AsyncExitStack, ground: Ground) -> Callers:
    """Builds it; makes the store have the accounts and roles of the settings.

    Raises:
        StartError: what the settings name was made otherwise.
    """
    settings, clock, database = ground.settings, ground.clock, ground.database
    signing = await _signing(clock, database)
    reached = Reached()
    observer = ground.telemetry.observer
    who = await identify(
        settings.access,
        settings.targets.reach,
        clock,
        database,
        signing.keys,
        reached,
        ground.node,
        observer,
    )
    stack.push_async_callback(who.close)
    tokens = account_tokens(clock, database, signing.keys)
    return Callers(
        who.identity,
        {**who.services, **key_services(signing.keys, tokens)},
        (signing.run_once, *who.chores),
        tokens,
        reached,
    )


async def _signing(clock: Clock, database: Database) -> KeyRotation:
    """Reads the keys that tokens are signed with; makes the first one."""
    shared_clock = shared_clock_of(clock)
    signing = KeyRotation(
        database, shared_clock, SigningKeys(shared_clock), machine_clock=MACHINE_CLOCK
    )
    await signing.look()
    return signing
