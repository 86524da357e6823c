"""What is remembered of credentials that were checked, and when it is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store.work import opened
from tocsin.access.principal import SERVICE_ACCOUNT, CredentialRefused
from tocsin.access.secrets import API_KEY_PREFIX, digest_of, new_secret
from tocsin.access.tokens.iam_tokens import IamTokens
from tocsin.access.tokens.issuers import Issuers
from tocsin.access.tokens.signing import SigningKeys
from tocsin.gate.authenticator import LOOK_EVERY_SECONDS, MOST_REMEMBERED, StoredAuthenticator
from tocsin.gate.proofs import API_KEY
from tocsin.schedule import ManualClock
from tocsin.store.access.accounts import Account, insert_account
from tocsin.store.access.credentials import Credential, delete_credential, insert_credential
from tocsin.store.access.tokens import tell_change
from tocsin.store.driver.bells import Bell, Listener
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.driver.transaction import Transaction, Work

START = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = f"Api-Key {API_KEY_PREFIX}one"


class Counted:
    """A database that counts what it is asked, may be away, and rings only when it is made to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0
        self.away = False
        # What is read is told once this is set.
        self.held: asyncio.Event | None = None
        self.holds = False
        self.bells: dict[Bell, Listener] = {}

    def on(self, bell: Bell, listener: Listener) -> None:
        self.bells[bell] = listener

    async def read(self, work: Work[Any]) -> Any:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable("away")
        found = await self._database.read(work)
        if self.held is not None:
            self.holds = True
            await self.held.wait()
        return found


class World:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.counted: Any = Counted(database)
        self.clock = ManualClock(START)
        tokens = IamTokens(SigningKeys(self.clock), self.clock, checked=True)
        issuers = Issuers({}, self.clock, self.unasked, self.unasked, machine_clock=self.clock)
        self.authenticator = StoredAuthenticator(
            self.counted, self.clock, tokens, issuers, machine_clock=self.clock
        )

    async def unasked(self, url: str) -> bytes:
        raise AssertionError(url)

    async def add(self, header: str = HEADER, expires_at: datetime | None = None) -> None:
        secret = header.partition(" ")[2]
        credential = Credential(f"c{secret}", API_KEY, "ajea", "", START, expires_at)
        await self.database.write(lambda tx: insert_credential(tx, credential, digest_of(secret)))

    async def takes(self, header: str = HEADER) -> bool:
        try:
            principal = await self.authenticator.authenticate(header)
        except CredentialRefused:
            return False
        return principal.subject == "serviceAccount:ajea"

    def wait(self, seconds: float) -> None:
        self.clock.jump_to(self.clock.now() + timedelta(seconds=seconds))


def take_away(tx: Transaction) -> None:
    delete_credential(tx, f"c{HEADER.partition(' ')[2]}")
    tell_change(tx)


@asynccontextmanager
async def world_at(directory: Path) -> AsyncIterator[World]:
    async with opened(f"sqlite:///{directory / 'tocsin.db'}") as database:
        world = World(database)
        account = Account("ajea", SERVICE_ACCOUNT, "f", "", START, START)
        await database.write(lambda tx: insert_account(tx, account))
        await world.add()
        yield world


def test_a_credential_that_is_known_asks_the_store_once_a_second(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            assert await world.takes()
            before = world.counted.reads
            for _ in range(100):
                assert await world.takes()
            assert world.counted.reads == before
            world.wait(LOOK_EVERY_SECONDS)
            taken = await asyncio.gather(*(world.takes() for _ in range(100)))
            assert all(taken)
            assert world.counted.reads == before + 1

    asyncio.run(scenario())


def test_what_was_taken_away_is_seen_at_the_next_look(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            assert await world.takes()
            await world.database.write(take_away)
            assert await world.takes()  # as another node would, for a second at most
            world.wait(LOOK_EVERY_SECONDS)
            assert not await world.takes()

    asyncio.run(scenario())


def test_a_bell_makes_it_look_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            assert await world.takes()
            await world.database.write(take_away)
            world.counted.bells[Bell.ACCESS](None)
            assert not await world.takes()

    asyncio.run(scenario())


def test_what_expires_is_not_remembered_for_longer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            header = f"Api-Key {new_secret(API_KEY_PREFIX)}"
            await world.add(header, START + timedelta(seconds=0.5))
            assert await world.takes(header)
            world.wait(0.5)
            assert not await world.takes(header)

    asyncio.run(scenario())


def test_nobody_is_believed_for_long_while_the_store_is_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            assert await world.takes()
            world.counted.away = True
            assert await world.takes()
            world.wait(LOOK_EVERY_SECONDS)
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    await world.takes()
            world.counted.away = False
            assert await world.takes()

    asyncio.run(scenario())


def test_what_was_checked_before_a_change_is_not_remembered_after_it(tmp_path: Path) -> None:
    """A call that is checked while a right is taken away must not bring it back."""

    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            assert not await world.takes("Api-Key x")  # so that the first look is over
            world.counted.held = asyncio.Event()
            checking = asyncio.create_task(world.takes())
            while not world.counted.holds:
                await asyncio.sleep(0)
            held, world.counted.held = world.counted.held, None
            await world.database.write(take_away)
            world.wait(LOOK_EVERY_SECONDS)
            assert not await world.takes("Api-Key x")  # looks, and forgets all
            held.set()
            assert await checking
            assert not await world.takes()

    asyncio.run(scenario())


def test_so_many_are_remembered_and_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with world_at(tmp_path) as world:
            assert await world.takes()
            known = world.authenticator._known
            [(principal, until)] = known.values()
            for number in range(MOST_REMEMBERED + 10):
                digest = number.to_bytes(32, "big")
                world.authenticator._remember(digest, principal, until, 0)
            assert len(known) == MOST_REMEMBERED

    asyncio.run(scenario())
