"""A JWT that is shown again: what becomes of it with time, by a clock that is moved."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from stand.calls import call
from store.work import opened
from tocsin.access.principal import SERVICE_ACCOUNT, CredentialRefused
from tocsin.access.tokens.assertions import USUAL_AUDIENCE, Assertions
from tocsin.access.tokens.iam_tokens import IamTokens
from tocsin.access.tokens.rsa_keys import new_private_key, public_pem
from tocsin.access.tokens.signing import SigningKeys
from tocsin.api.yandex.iam_tokens import REPEATED_WITHIN, IamTokenService
from tocsin.engine.upkeep.duty import Duty
from tocsin.engine.upkeep.expiry_sweep import ExpirySweep
from tocsin.engine.upkeep.key_rotation import KeyRotation
from tocsin.schedule import ManualClock
from tocsin.store.access.accounts import Account, insert_account
from tocsin.store.access.authorised_keys import StoredAuthorisedKey, insert_key
from tocsin.store.access.schema import used_assertions
from tocsin.store.driver.database import Database
from tocsin.store.expiry import PROOFS
from tocsin.wire.errors import ApiError
from tocsin_protos.yandex.cloud.iam.v1.iam_token_service_pb2 import CreateIamTokenRequest

START = datetime(2026, 1, 1, tzinfo=UTC)
PRIVATE = new_private_key()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


class World:
    """A service with one service account and its key."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock(START)
        keys = SigningKeys(self.clock)
        self.rotation = KeyRotation(database, self.clock, keys, machine_clock=self.clock)
        self.tokens = IamTokens(keys, self.clock, checked=True)
        self.service = IamTokenService(
            database,
            self.clock,
            self.tokens,
            Assertions(self.clock, frozenset),
        )

    async def prepare(self) -> "World":
        await self.rotation.look()
        account = Account("ajea", SERVICE_ACCOUNT, "f", "", START, START)
        pem = public_pem(PRIVATE.public_key())
        key = StoredAuthorisedKey("ajek", "ajea", "RSA_2048", pem, "", START)
        await self.database.write(lambda tx: insert_account(tx, account))
        await self.database.write(lambda tx: insert_key(tx, key))
        return self

    def jwt(self, life: timedelta = timedelta(hours=1)) -> str:
        now = self.clock.now()
        claims = {
            "iss": "ajea",
            "aud": USUAL_AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
        }
        return jwt.encode(claims, PRIVATE, "PS256", headers={"kid": "ajek"})

    async def exchange(self, text: str) -> str:
        answer = await self.service.create(CreateIamTokenRequest(jwt=text), call())
        assert answer.expires_at.ToDatetime(UTC) > self.clock.now()
        token: str = answer.iam_token
        return token


def test_for_a_minute_it_is_the_same_token_then_there_is_none(
    tmp_path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path / 'tocsin.db'}") as database:
            world = await World(database).prepare()
            text = world.jwt()
            first = await world.exchange(text)
            world.clock.jump_to(START + REPEATED_WITHIN)
            assert await world.exchange(text) == first
            world.clock.jump_to(START + REPEATED_WITHIN + timedelta(seconds=1))
            with pytest.raises(ApiError, match="it was used before: sign a new one"):
                await world.exchange(text)
            assert await world.exchange(world.jwt()) != first

    runner.run(scenario())


def test_what_was_signed_twice_in_one_second_is_two(tmp_path: Path, runner: asyncio.Runner) -> None:
    """Two programs with one key that start together are no replay of each other."""

    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path / 'tocsin.db'}") as database:
            world = await World(database).prepare()
            assert await world.exchange(world.jwt()) != await world.exchange(world.jwt())

    runner.run(scenario())


def test_what_was_used_is_remembered_until_it_would_be_refused_anyway(
    tmp_path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path / 'tocsin.db'}") as database:
            world = await World(database).prepare()
            duty = Duty("proofs", database, world.clock, node="n")
            sweep = ExpirySweep(
                database, world.clock, PROOFS, duty, machine_clock=Instantly(world.clock)
            )

            async def remembered() -> int:
                rows = await database.read(lambda tx: tx.all(used_assertions.select()))
                return len(rows)

            text = world.jwt()
            await world.exchange(text)
            world.clock.jump_to(START + timedelta(hours=1, seconds=29))
            await sweep.run_once()
            assert await remembered() == 1
            with pytest.raises(ApiError, match="it was used before"):
                await world.exchange(text)
            world.clock.jump_to(START + timedelta(hours=1, seconds=31))
            await sweep.run_once()
            assert await remembered() == 0
            with pytest.raises(ApiError, match="it has expired"):
                await world.exchange(text)

    runner.run(scenario())


class Instantly(ManualClock):
    """A clock on which nobody waits."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock.now())

    async def sleep(self, seconds: float) -> None:
        del seconds
        await asyncio.sleep(0)


def test_a_token_holds_until_it_says_and_no_longer(tmp_path: Path, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path / 'tocsin.db'}") as database:
            world = await World(database).prepare()
            token = await world.exchange(world.jwt())
            world.clock.jump_to(START + timedelta(hours=12) - timedelta(milliseconds=1))
            assert world.tokens.read(token).subject == "serviceAccount:ajea"
            world.clock.jump_to(START + timedelta(hours=12))
            with pytest.raises(CredentialRefused, match="has expired"):
                world.tokens.read(token)

    runner.run(scenario())


def test_what_else_the_server_signs_is_no_token(tmp_path: Path, runner: asyncio.Runner) -> None:
    """A target that is called with a token of ours can't turn it into one for us."""

    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path / 'tocsin.db'}") as database:
            world = await World(database).prepare()
            token = await world.exchange(world.jwt())
            claims = jwt.decode(f"e30.{token[3:]}", options={"verify_signature": False})
            outgoing = world.rotation.keys.sign(claims)
            assert jwt.get_unverified_header(outgoing)["typ"] == "JWT"
            with pytest.raises(CredentialRefused, match="not signed by this server"):
                world.tokens.read("t1." + outgoing.partition(".")[2])

    runner.run(scenario())


def test_a_token_that_was_given_to_anybody_proves_nothing_to_a_server_that_asks(
    tmp_path: Path, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        async with opened(f"sqlite:///{tmp_path / 'tocsin.db'}") as database:
            world = await World(database).prepare()
            unchecked = IamTokens(world.rotation.keys, world.clock, checked=False)
            planned = unchecked.planned("serviceAccount:ajea", "x", issued_at=START)
            with pytest.raises(CredentialRefused, match="other access control settings"):
                world.tokens.read(unchecked.written(planned))

    runner.run(scenario())
