"""How the keys of an outside issuer are had and kept, by a clock that is moved."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tocsin.access.principal import CredentialRefused
from tocsin.access.tokens.issuers import (
    FETCH_PAUSE_SECONDS,
    FRESH_SECONDS,
    USABLE_SECONDS,
    FetchFailed,
    Issuers,
    is_safe,
    read_keys,
)
from tocsin.gate.settings import IssuerSettings
from tocsin.schedule import ManualClock

START = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER = "https://id.example.com/realm"
KEYS_AT = "https://keys.example.com/jwks"
PRIVATE = rsa.generate_private_key(65537, 2048)


def jwk(private: Any, **more: Any) -> dict[str, Any]:
    writer: Any = RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else ECAlgorithm
    return {**writer.to_jwk(private.public_key(), as_dict=True), **more}


class World:
    """An issuer that is handed over as what it would answer."""

    def __init__(self, jwks_uri: str | None = None) -> None:
        self.clock = ManualClock(START)
        self.asked: list[str] = []
        self.configuration: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": KEYS_AT}
        self.keys: Any = {"keys": [jwk(PRIVATE, kid="a")]}
        self.away = False
        rules = IssuerSettings(issuer=ISSUER, audience="tocsin", jwks_uri=jwks_uri)
        self.foreign: list[str] = []
        self.issuers = Issuers(
            {"test": rules}, self.clock, self.fetch, self.fetch_foreign, machine_clock=self.clock
        )

    async def fetch_foreign(self, url: str) -> bytes:
        self.foreign.append(url)
        return await self.fetch(url)

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        await asyncio.sleep(0)
        if self.away:
            raise FetchFailed("away")
        found = self.keys if url == KEYS_AT else self.configuration
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    def token(self, kid: str | None = "a", key: Any = PRIVATE, **claims: Any) -> str:
        now = int(self.clock.now().timestamp())
        whole = {"iss": ISSUER, "aud": "tocsin", "sub": "ann", "exp": now + 60, **claims}
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(whole, key, algorithm, headers={} if kid is None else {"kid": kid})

    async def takes(self, token: str) -> bool:
        try:
            await self.issuers.authenticate(token)
        except CredentialRefused:
            return False
        return True

    def wait(self, seconds: float) -> None:
        self.clock.jump_to(self.clock.now() + timedelta(seconds=seconds))


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_keys_are_asked_for_once_however_many_calls_want_them() -> None:
    async def scenario() -> None:
        world = World()
        taken = await asyncio.gather(*(world.takes(world.token()) for _ in range(20)))
        assert all(taken)
        assert world.asked == [f"{ISSUER}/.well-known/openid-configuration", KEYS_AT]

    asyncio.run(scenario())


def test_where_the_settings_say_it_nothing_is_discovered() -> None:
    async def scenario() -> None:
        world = World(KEYS_AT)
        assert await world.takes(world.token())
        assert world.asked == [KEYS_AT]

    asyncio.run(scenario())


def test_a_key_that_is_new_is_asked_for_but_not_all_the_time() -> None:
    async def scenario() -> None:
        world = World(KEYS_AT)
        assert await world.takes(world.token())
        world.keys = {"keys": [jwk(PRIVATE, kid="a"), jwk(PRIVATE, kid="b")]}
        for number in range(50):
            assert not await world.takes(world.token(kid=f"made up {number}"))
        assert len(world.asked) == 1
        world.wait(FETCH_PAUSE_SECONDS)
        assert await world.takes(world.token(kid="b"))
        assert len(world.asked) == 2

    asyncio.run(scenario())


def test_a_key_that_was_taken_back_is_forgotten() -> None:
    async def scenario() -> None:
        world = World(KEYS_AT)
        assert await world.takes(world.token())
        world.keys = {"keys": [jwk(PRIVATE, kid="b")]}
        world.wait(FRESH_SECONDS + 1)
        assert await world.takes(world.token())  # no call waits while they are asked for
        await settled()
        assert not await world.takes(world.token())
        assert await world.takes(world.token(kid="b"))

    asyncio.run(scenario())


def test_while_an_issuer_is_away_its_keys_are_believed_for_a_while() -> None:
    async def scenario() -> None:
        world = World(KEYS_AT)
        assert await world.takes(world.token())
        world.away = True
        world.wait(USABLE_SECONDS - 1)
        assert await world.takes(world.token())
        await settled()
        world.wait(2)
        assert not await world.takes(world.token())
        world.away = False
        world.wait(FETCH_PAUSE_SECONDS)
        assert await world.takes(world.token())

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: world.configuration.update(issuer="https://id.example.com/other"),
        lambda world: world.configuration.update(issuer=ISSUER + "/"),
        lambda world: world.configuration.update(jwks_uri="http://keys.example.com/jwks"),
        lambda world: world.configuration.update(jwks_uri="file:///etc/passwd"),
        lambda world: world.configuration.update(jwks_uri=7),
        lambda world: setattr(world, "configuration", b"<html>"),
        lambda world: setattr(world, "configuration", b"[" * 100_000),
        lambda world: setattr(world, "keys", {"keys": "x"}),
        lambda world: setattr(world, "keys", {"keys": [jwk(PRIVATE, kid="a")] * 101}),
        lambda world: setattr(world, "keys", []),
    ],
)
def test_what_an_issuer_must_not_answer_lets_nobody_in(spoil: Callable[[World], None]) -> None:
    async def scenario() -> None:
        world = World()
        spoil(world)
        assert not await world.takes(world.token())

    asyncio.run(scenario())


def test_a_token_without_a_key_id_needs_an_issuer_with_one_key() -> None:
    async def scenario() -> None:
        world = World(KEYS_AT)
        assert await world.takes(world.token(kid=None))
        world.keys = {"keys": [jwk(PRIVATE, kid="a"), jwk(PRIVATE, kid="b")]}
        world.wait(FRESH_SECONDS + 1)
        await world.takes(world.token())
        await settled()
        assert not await world.takes(world.token(kid=None))

    asyncio.run(scenario())


def test_a_key_says_by_which_algorithm_it_signs() -> None:
    async def scenario() -> None:
        world = World(KEYS_AT)
        world.keys = {"keys": [jwk(PRIVATE, kid="a", alg="RS512")]}
        assert not await world.takes(world.token())

    asyncio.run(scenario())


def test_what_can_not_check_signatures_is_no_key() -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1())
    short = rsa.generate_private_key(65537, 1024)
    document = {
        "keys": [
            jwk(PRIVATE, kid="for encryption", use="enc"),
            jwk(PRIVATE, kid="symmetric algorithm", alg="HS256"),
            jwk(PRIVATE, kid="no algorithm", alg="none"),
            jwk(PRIVATE, kid=7),
            jwk(short, kid="short"),
            {"kty": "oct", "kid": "shared secret", "k": "c2VjcmV0"},
            {"kty": "RSA", "kid": "broken", "n": "x", "e": "AQAB"},
            {"kty": "RSA", "kid": "empty"},
            "no object",
            jwk(elliptic, kid="elliptic"),
            jwk(PRIVATE, kid="good", use="sig", alg="PS256"),
        ]
    }
    found = read_keys(json.dumps(document).encode())
    assert [key.id for key in found] == ["elliptic", "good"]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example.com/keys", True),
        ("http://127.0.0.1:8080/keys", True),
        ("http://localhost/keys", True),
        ("http://[::1]:1/keys", True),
        ("http://id.example.com/keys", False),
        ("http://127.0.0.1.example.com/keys", False),
        ("ftp://127.0.0.1/keys", False),
        ("https://", False),
        ("//id.example.com/keys", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_keys_come_over_https_or_from_this_machine(url: str, safe: bool) -> None:
    assert is_safe(url) is safe


@pytest.mark.parametrize(
    ("jwks_uri", "foreign"),
    [
        ("https://id.example.com/other", False),
        ("https://id.example.com:8443/keys", False),
        ("https://keys.example/keys", True),
        ("https://127.0.0.1/keys", True),
        ("https://10.0.0.1/keys", True),
        ("https://localhost/keys", True),
    ],
)
def test_what_an_issuer_names_elsewhere_is_fetched_as_foreign(jwks_uri: str, foreign: bool) -> None:
    async def scenario() -> None:
        world = World()
        world.configuration["jwks_uri"] = jwks_uri
        assert not await world.takes(world.token(kid="unknown"))
        assert world.asked[-1] == jwks_uri
        assert world.foreign == [jwks_uri] * foreign
        named = World(jwks_uri)
        assert not await named.takes(named.token(kid="unknown"))
        assert (named.asked, named.foreign) == ([jwks_uri], [])

    asyncio.run(scenario())


@pytest.mark.parametrize("jwks_uri", ["http://127.0.0.1:1/keys", "http://localhost/keys"])
def test_an_https_issuer_leads_to_no_port_of_this_machine(jwks_uri: str) -> None:
    async def scenario() -> None:
        world = World()
        world.configuration["jwks_uri"] = jwks_uri
        assert not await world.takes(world.token())
        assert jwks_uri not in world.asked

    asyncio.run(scenario())
