"""Tokens of service accounts: what they say, how long they are kept, when there is none."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tocsin.outgoing.tokens import MOST_KEPT, AccountTokens, TokenUnavailable
from tocsin.schedule import ManualClock

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ISSUER = "https://tocsin.example"
TARGET = "https://fn.example"


class Signer:
    """Signs by counting, and keeps what it has signed."""

    def __init__(self) -> None:
        self.signed: list[Mapping[str, Any]] = []

    def sign(self, claims: Mapping[str, Any]) -> str:
        self.signed.append(claims)
        return f"token-{len(self.signed)}"

    def jwks(self) -> Mapping[str, Any]:
        return {"keys": []}


class Scene:
    def __init__(self, issuer: str | None = ISSUER, *, known: bool = True) -> None:
        self.clock = ManualClock(START)
        self.signer = Signer()
        self.known = known
        self.looked = 0
        self.tokens = AccountTokens(self.signer, self.clock, self.is_account)
        self.tokens.issue_as(issuer)

    async def is_account(self, _account_id: str) -> bool:
        self.looked += 1
        return self.known

    async def ask(self, account_id: str = "aje1", audience: str = TARGET) -> str | None:
        return await self.tokens.authorization(account_id, audience)


def test_a_token_says_who_calls_whom() -> None:
    async def scenario() -> None:
        scene = Scene()
        assert await scene.ask() == "Bearer token-1"
        [claims] = scene.signer.signed
        now = int(START.timestamp())
        assert {name: claims[name] for name in ("iss", "sub", "aud", "iat", "exp")} == {
            "iss": ISSUER,
            "sub": "aje1",
            "aud": TARGET,
            "iat": now,
            "exp": now + 3600,
        }
        assert len(claims["jti"]) == 36

    asyncio.run(scenario())


def test_a_token_is_kept_for_its_account_and_audience_until_shortly_before_it_expires() -> None:
    async def scenario() -> None:
        scene = Scene()
        assert await scene.ask() == await scene.ask() == "Bearer token-1"
        assert await scene.ask("aje2") == "Bearer token-2"
        assert await scene.ask(audience="https://other.example") == "Bearer token-3"
        scene.clock.jump_to(START + timedelta(minutes=44))
        assert await scene.ask() == "Bearer token-1"
        scene.clock.jump_to(START + timedelta(minutes=45))
        assert await scene.ask() == "Bearer token-4"
        assert scene.looked == 4
        ids = {claims["jti"] for claims in scene.signer.signed}
        assert len(ids) == 4

    asyncio.run(scenario())


def test_not_more_are_kept_than_there_is_room_for() -> None:
    async def scenario() -> None:
        scene = Scene()
        for number in range(MOST_KEPT + 1):
            await scene.ask(f"aje{number}")
        await scene.ask(f"aje{MOST_KEPT}")
        assert scene.looked == MOST_KEPT + 1
        await scene.ask("aje0")
        assert scene.looked == MOST_KEPT + 2

    asyncio.run(scenario())


def test_an_account_that_is_not_known_has_no_token_and_is_looked_for_again_later() -> None:
    async def scenario() -> None:
        scene = Scene(known=False)
        with capture_logs() as logs:
            assert await scene.ask() is None
            assert await scene.ask() is None
        assert [line["service_account_id"] for line in logs] == ["aje1"]
        scene.known = True
        scene.clock.jump_to(START + timedelta(minutes=1))
        assert await scene.ask() == "Bearer token-1"

    asyncio.run(scenario())


def test_without_an_issuer_there_is_no_token_and_the_log_says_so_once() -> None:
    async def scenario() -> None:
        scene = Scene(issuer=None)
        with capture_logs() as logs:
            assert await scene.ask("aje1") is None
            assert await scene.ask("aje2") is None
        [line] = logs
        assert "set issuer in [access]" in line["event"]

    asyncio.run(scenario())


def test_who_asks_before_the_issuer_is_known_waits() -> None:
    async def scenario() -> None:
        scene = Scene()
        tokens = AccountTokens(scene.signer, scene.clock, scene.is_account)
        asked = asyncio.create_task(tokens.authorization("aje1", TARGET))
        await asyncio.sleep(0)
        assert not asked.done()
        tokens.issue_as(ISSUER)
        tokens.issue_as("https://second.example")
        assert await asked == "Bearer token-1"
        assert tokens.issuer == ISSUER

    asyncio.run(scenario())


def test_without_a_key_it_can_not_be_said() -> None:
    class Keyless(Signer):
        def sign(self, claims: Mapping[str, Any]) -> str:
            del claims
            raise LookupError("no signing key exists yet")

    async def scenario() -> None:
        scene = Scene()
        tokens = AccountTokens(Keyless(), scene.clock, scene.is_account)
        tokens.issue_as(ISSUER)
        with pytest.raises(TokenUnavailable, match="no signing key"):
            await tokens.authorization("aje1", TARGET)

    asyncio.run(scenario())
