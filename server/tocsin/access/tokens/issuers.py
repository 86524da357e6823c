"""Checks JWTs of the OpenID Connect issuers that the settings name.

An issuer's keys are fetched when its first token comes, and again when they are old or when a token
names an unknown key. So a new key works at once, and a withdrawn key stops working after a while.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tocsin.access.asked_once import AskedOnce
from tocsin.access.exposure import is_loopback
from tocsin.access.principal import FEDERATED, CredentialRefused, Principal
from tocsin.access.tokens.jwts import Unverified, check_audience, check_times, unverified, verified
from tocsin.schedule import Clock

log = structlog.get_logger(__name__)

# Asymmetric algorithms only: a key that checks signatures can't forge them.
ALGORITHMS = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA"}
SMALLEST_RSA_BITS = 2048
MOST_KEYS = 100

LEEWAY = timedelta(seconds=30)
LONGEST_SUBJECT = 255
# RFC 9068 and common practice; other types, such as logout tokens, are not credentials.
TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})

FRESH_SECONDS = 600.0
# Keys work for this time while the issuer can't be reached.
USABLE_SECONDS = 3600.0
# Invented key ids must not make us ask the issuer all the time.
FETCH_PAUSE_SECONDS = 5.0


class FetchFailed(Exception):
    """A document can't be fetched; the message says why."""


Fetch = Callable[[str], Awaitable[bytes]]
"""Gets a document by URL, with limits of size and time; raises FetchFailed."""


class IssuerRules(Protocol):
    """Describes an issuer: what its tokens must claim, and where its keys are.

    Without `jwks_uri`, OpenID Connect Discovery finds it.
    """

    @property
    def issuer(self) -> str: ...
    @property
    def audience(self) -> str: ...
    @property
    def jwks_uri(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """Holds a key of an issuer; `algorithm` is empty if the issuer does not name one."""

    id: str
    algorithm: str
    key: Any


class Issuers:
    """Checks tokens of the configured issuers; the subjects that they prove carry their names."""

    def __init__(
        self,
        rules: Mapping[str, IssuerRules],
        clock: Clock,
        fetch: Fetch,
        fetch_foreign: Fetch,
        *,
        machine_clock: Clock,
    ) -> None:
        """Checks tokens.

        Args:
            rules: the issuers by name.
            clock: tells when a token has expired.
            fetch: gets URLs of the settings, and those on an issuer's own host.
            fetch_foreign: gets other URLs that an issuer's configuration names.
            machine_clock: measures the age of keys.
        """
        self._clock = clock
        self._issuers = {
            rule.issuer: Issuer(name, rule, fetch, fetch_foreign, machine_clock)
            for name, rule in rules.items()
        }

    async def authenticate(self, text: str) -> tuple[Principal, datetime]:
        """Returns the principal whom a token proves, and until when.

        Raises:
            CredentialRefused: the token proves nobody.
        """
        claimed = unverified(text, ALGORITHMS)
        issuer = self._issuers.get(claimed.issuer)
        if issuer is None:
            raise CredentialRefused("its issuer is not one that [access.issuers] names")
        proven = await self._check(text, claimed, issuer, issuer.rules.audience)
        return Principal(proven.subject, _scopes(proven.claims)), proven.until

    def named(self, name: str) -> "Issuer":
        """Returns an issuer by its name in the settings."""
        return next(issuer for issuer in self._issuers.values() if issuer.name == name)

    async def prove(self, text: str, name: str, audience: str) -> "Proven":
        """Returns what a token of one issuer proves to an audience.

        Raises:
            CredentialRefused: the token proves nobody.
        """
        return await self._check(text, unverified(text, ALGORITHMS), self.named(name), audience)

    async def _check(
        self, text: str, claimed: Unverified, issuer: "Issuer", audience: str
    ) -> "Proven":
        key = await issuer.key(claimed.key_id, claimed.algorithm)
        claims = verified(text, key.key, claimed.algorithm)
        if claims.get("iss") != issuer.rules.issuer:
            raise CredentialRefused("its issuer is another one")
        _check_type(text)
        check_audience(claims, (audience,))
        life = check_times(claims, self._clock.now(), leeway=LEEWAY, longest=None)
        subject = f"{FEDERATED}:{issuer.name}:{_subject(claims)}"
        return Proven(subject, claims, life.expires_at + LEEWAY)


class Proven(NamedTuple):
    """What a checked token proves: a subject, its claims, and until when."""

    subject: str
    claims: Mapping[str, Any]
    until: datetime


class Issuer:
    """Fetches and caches the keys of one issuer."""

    def __init__(
        self,
        name: str,
        rules: IssuerRules,
        fetch: Fetch,
        fetch_foreign: Fetch,
        machine_clock: Clock,
    ) -> None:
        self.name = name
        self.rules = rules
        self._fetch = fetch
        self._fetch_foreign = fetch_foreign
        self._machine_clock = machine_clock
        self._keys: tuple[IssuerKey, ...] = ()
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: AskedOnce[None, None] = AskedOnce(lambda _: self._fetch_keys())

    async def key(self, key_id: str, algorithm: str) -> IssuerKey:
        """Returns the key that a token names.

        Raises:
            CredentialRefused: the issuer has no such key, or uses it for something else.
        """
        key = self._known(key_id, algorithm)
        if key is None:
            await self._fetching.of(None)
            key = self._known(key_id, algorithm)
        elif self._age() > FRESH_SECONDS:
            # In the background: this call has its key.
            self._fetching.start(None)
        if key is None:
            raise CredentialRefused(f"issuer {self.name} has no such key")
        return key

    def _known(self, key_id: str, algorithm: str) -> IssuerKey | None:
        if self._age() > USABLE_SECONDS:
            return None
        fitting = [
            key for key in self._keys if key.algorithm in ("", algorithm) and key_id in ("", key.id)
        ]
        # A token that names no key is unambiguous only if one key fits.
        return fitting[0] if len(fitting) == 1 or (fitting and key_id) else None

    def _age(self) -> float:
        return self._machine_clock.monotonic() - self._fetched_at

    async def _fetch_keys(self) -> None:
        now = self._machine_clock.monotonic()
        if now - self._tried_at < FETCH_PAUSE_SECONDS:
            return
        self._tried_at = now
        try:
            jwks_uri = await self._jwks_uri()
            foreign = self.rules.jwks_uri is None and self.is_foreign(jwks_uri)
            fetch = self._fetch_foreign if foreign else self._fetch
            self._keys = read_keys(await fetch(jwks_uri))
        except FetchFailed as error:
            log.warning("could not fetch an issuer's keys", issuer=self.name, error=str(error))
            return
        self._fetched_at = now
        log.info("fetched an issuer's keys", issuer=self.name, keys=len(self._keys))

    async def _jwks_uri(self) -> str:
        """Returns the URL of the keys (OpenID Connect Discovery 1.0, section 4)."""
        if self.rules.jwks_uri is not None:
            return self.rules.jwks_uri
        jwks_uri = (await self.configuration()).get("jwks_uri")
        where = f"jwks_uri in {self._configuration_url}"
        if not isinstance(jwks_uri, str) or not is_safe(jwks_uri):
            raise FetchFailed(f"{where} must be an https URL")
        if self.is_foreign(jwks_uri) and urlsplit(jwks_uri).scheme != "https":
            raise FetchFailed(
                f"{where} is on loopback: if that is right, set jwks_uri in "
                f"[access.issuers.{self.name}]"
            )
        return jwks_uri

    @property
    def _configuration_url(self) -> str:
        return self.rules.issuer.removesuffix("/") + "/.well-known/openid-configuration"

    async def configuration(self) -> Mapping[str, Any]:
        """Fetches the issuer's configuration (OpenID Connect Discovery 1.0, section 4).

        Raises:
            FetchFailed: it can't be had, or is that of another issuer.
        """
        document = _object(await self._fetch(self._configuration_url))
        if document.get("issuer") != self.rules.issuer:
            raise FetchFailed(f"{self._configuration_url} names another issuer")
        return document

    def is_foreign(self, url: str) -> bool:
        """Returns whether a URL of the issuer's names another host, which its owner need not own.

        The URL of the keys is trusted if the settings name it.
        """
        own = urlsplit(self.rules.issuer).hostname or ""
        return not is_loopback(own) and urlsplit(url).hostname != own


def is_safe(url: str) -> bool:
    """Returns whether nobody on the way can change the answer: https, or this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def read_keys(document: bytes) -> tuple[IssuerKey, ...]:
    """Parses a JWK set; keys that can't check signatures are left out (RFC 7517, section 5).

    Raises:
        FetchFailed: the document is not a JWK set.
    """
    listed = _object(document).get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise FetchFailed(f"the key set must have a list of at most {MOST_KEYS} keys")
    return tuple(key for jwk in listed if (key := _key(jwk)) is not None)


def _key(jwk: Any) -> IssuerKey | None:
    if not isinstance(jwk, dict) or jwk.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if jwk.get("use", "sig") != "sig":
        return None
    algorithm, key_id = jwk.get("alg", ""), jwk.get("kid", "")
    if not isinstance(key_id, str) or (algorithm and algorithm not in ALGORITHMS):
        return None
    try:
        # A private half does not belong there, and is not needed.
        public = {name: value for name, value in jwk.items() if name != "d"}
        key = jwt.PyJWK(public).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA_BITS:
        return None
    return IssuerKey(key_id, algorithm, key)


def _object(document: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise FetchFailed("the document is not JSON") from error
    if not isinstance(value, dict):
        raise FetchFailed("the document is not a JSON object")
    return value


def _check_type(text: str) -> None:
    kind = jwt.get_unverified_header(text).get("typ", "")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise CredentialRefused("its type (typ) is not that of an access token")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise CredentialRefused(f"its subject must have 1 to {LONGEST_SUBJECT} characters")
    if not subject.isprintable():
        raise CredentialRefused("its subject has characters that can't be printed")
    return subject


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Returns the scopes of a token (RFC 8693, section 4.2): `scope`, or `scp` as a list."""
    claim = claims.get("scope", claims.get("scp", ""))
    if isinstance(claim, list):
        return frozenset(scope for scope in claim if isinstance(scope, str))
    return frozenset(claim.split()) if isinstance(claim, str) else frozenset()
