"""Keys that tokens are signed with: made at the first start, shared, announced, retired."""

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from store.work import opened
from tocsin.access.sealing import Keyring, SealingError, name_of
from tocsin.access.tokens.signing import LONGEST_LIFE, SHOWN_BEFORE, SIGNS_FOR, SigningKeys
from tocsin.engine.upkeep.key_rotation import KeyRotation
from tocsin.schedule import ManualClock
from tocsin.store.access.signing_keys import signing_keys
from tocsin.store.driver.database import Database

START = datetime(2026, 1, 1, tzinfo=UTC)


class Node:
    """What one node signs with, and how it keeps that."""

    def __init__(self, database: Database, clock: ManualClock, *sealing: bytes) -> None:
        self.keys = SigningKeys(clock)
        self.sealing = list(sealing)
        self.rotation = KeyRotation(
            database,
            clock,
            self.keys,
            machine_clock=clock,
            read_keyring=lambda: Keyring(self.sealing),
        )

    def signed_by(self) -> str:
        found: str = jwt.get_unverified_header(self.keys.sign({"sub": "x"}))["kid"]
        return found

    def shown(self) -> list[str]:
        return [key["kid"] for key in self.keys.jwks()["keys"]]

    def takes(self, token: str) -> bool:
        return any(
            key.key_id == jwt.get_unverified_header(token)["kid"]
            and jwt.decode(token, key, ["RS256"])["sub"] == "x"
            for key in jwt.PyJWKSet.from_dict(dict(self.keys.jwks())).keys
        )


def test_two_nodes_that_start_at_once_sign_with_one_key(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            first, second = Node(database, clock), Node(database, clock)
            with pytest.raises(LookupError):
                first.keys.sign({})
            await asyncio.gather(first.rotation.look(), second.rotation.look())
            assert first.signed_by() == second.signed_by()
            assert second.takes(first.keys.sign({"sub": "x"}))
            assert first.shown() == second.shown() == [first.signed_by()]

    runner.run(scenario())


def test_a_key_is_shown_before_it_signs_and_as_long_as_its_tokens_live(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            node, other = Node(database, clock), Node(database, clock)

            async def at(instant: datetime) -> tuple[str, list[str]]:
                clock.jump_to(instant)
                await node.rotation.look()
                await other.rotation.look()
                assert other.shown() == node.shown()
                return node.signed_by(), node.shown()

            old, shown = await at(START)
            assert shown == [old]
            assert await at(START + SIGNS_FOR - timedelta(days=2)) == (old, [old])
            change = START + SIGNS_FOR
            signer, shown = await at(change - SHOWN_BEFORE)
            assert (signer, len(shown), shown[0]) == (old, 2, old)
            last_old_token = node.keys.sign({"sub": "x"})
            new = shown[1]
            assert await at(change) == (new, [old, new])
            assert other.takes(last_old_token)
            assert await at(change + LONGEST_LIFE) == (new, [old, new])
            assert await at(change + LONGEST_LIFE + timedelta(hours=1)) == (new, [new])
            assert not other.takes(last_old_token)

    runner.run(scenario())


def test_the_private_half_goes_once_a_key_signs_no_more(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            node = Node(database, clock)
            await node.rotation.look()
            for days in (29, 30.05):
                clock.jump_to(START + timedelta(days=days))
                await node.rotation.look()
            old, new = await database.read(signing_keys)
            assert old.private_key is None
            assert new.private_key is not None

    runner.run(scenario())


def test_after_a_long_standstill_too_a_key_is_shown_before_it_signs(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            node = Node(database, clock)
            await node.rotation.look()
            old = node.signed_by()
            clock.jump_to(START + timedelta(days=400))
            await node.rotation.look()
            assert node.signed_by() == old
            assert len(node.shown()) == 2
            clock.jump_to(START + timedelta(days=401))
            await node.rotation.look()
            assert node.signed_by() != old

    runner.run(scenario())


def test_nothing_of_a_private_key_is_shown(url: str, runner: asyncio.Runner) -> None:
    async def scenario() -> None:
        async with opened(url) as database:
            node = Node(database, ManualClock(START))
            await node.rotation.look()
            [shown] = node.keys.jwks()["keys"]
            assert set(shown) == {"kty", "kid", "use", "alg", "n", "e"}

    runner.run(scenario())


OLD, NEW = b"o" * 32, b"n" * 32


def test_a_node_reads_its_keys_again_when_another_one_sealed_with_a_new_one(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            first, second = Node(database, clock, OLD), Node(database, clock, OLD)
            await first.rotation.look()
            await second.rotation.look()
            signer = second.signed_by()
            first.sealing = [NEW, OLD]
            clock.jump_to(START + SIGNS_FOR - SHOWN_BEFORE)
            await first.rotation.look()
            with pytest.raises(SealingError, match=f"with key {name_of(NEW)}, but"):
                await second.rotation.look()
            assert second.signed_by() == signer
            second.sealing = [NEW, OLD]
            await second.rotation.look()
            assert second.shown() == first.shown()
            assert [key.sealed_by for key in await database.read(signing_keys)] == [
                name_of(OLD),
                name_of(NEW),
            ]

    runner.run(scenario())


@pytest.mark.parametrize("sealing", [(), (NEW,)])
def test_a_node_that_cant_read_the_others_keys_adds_none(
    sealing: tuple[bytes, ...], url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            node = Node(database, clock, OLD)
            await node.rotation.look()
            node.sealing = list(sealing)
            clock.jump_to(START + SIGNS_FOR)
            with pytest.raises(SealingError, match=name_of(OLD)):
                await node.rotation.look()
            assert len(await database.read(signing_keys)) == 1

    runner.run(scenario())


def test_what_a_node_without_a_key_adds_is_encrypted_by_one_that_has_a_key(
    url: str, runner: asyncio.Runner
) -> None:
    async def scenario() -> None:
        clock = ManualClock(START)
        async with opened(url) as database:
            without, node = Node(database, clock), Node(database, clock, OLD)
            await without.rotation.look()
            await node.rotation.look()
            [key] = await database.read(signing_keys)
            assert key.sealed_by == name_of(OLD)
            assert "PRIVATE" not in (key.private_key or "")
            assert node.takes(without.keys.sign({"sub": "x"}))
            await without.rotation.look()
            assert without.signed_by() == node.signed_by()

    runner.run(scenario())
