"""Signs people in by an OpenID Connect issuer: the authorisation code flow with PKCE.

https://openid.net/specs/openid-connect-core-1_0.html (section 3.1), RFC 7636, RFC 9207.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

from tocsin.access.principal import CredentialRefused
from tocsin.access.sessions import Attempt
from tocsin.access.tokens.issuers import FetchFailed, Issuers, is_safe
from tocsin.schedule import Clock

FRESH_SECONDS = 600.0
_LONGEST_NAME = 100

Post = Callable[[str, Mapping[str, str], Mapping[str, str]], Awaitable[bytes]]
"""Posts a form with headers to a URL, with limits of size and time; raises FetchFailed."""


class SignInRules(Protocol):
    """Describes this server as a client of an issuer; without `client_id` nobody signs in by it."""

    @property
    def client_id(self) -> str | None: ...
    @property
    def scopes(self) -> Sequence[str]: ...
    @property
    def title(self) -> str: ...
    @property
    def session_hours(self) -> float | None: ...
    def secret_of_client(self) -> str | None: ...


class SignedIn(NamedTuple):
    """Who has signed in by an issuer, what people call them, and until when that holds."""

    subject: str
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Holds what an issuer's configuration says of this flow."""

    authorization: str
    token: str
    takes_basic: bool
    answers_in_fragment: bool
    names_itself: bool


class CodeFlow:
    """Signs in by the issuers whose settings name a client."""

    def __init__(
        self,
        rules: Mapping[str, SignInRules],
        issuers: Issuers,
        clock: Clock,
        post: Post,
        post_foreign: Post,
        *,
        machine_clock: Clock,
    ) -> None:
        """Sets it up.

        Args:
            rules: the settings by the issuers' names.
            issuers: check the tokens.
            clock: tells when a token has expired.
            post: posts to an issuer's own host.
            post_foreign: posts to other hosts that an issuer's configuration names.
            machine_clock: measures the age of configurations.
        """
        self.rules = {name: rule for name, rule in sorted(rules.items()) if rule.client_id}
        self._issuers = issuers
        self._clock = clock
        self._post = post
        self._post_foreign = post_foreign
        self._machine_clock = machine_clock
        self._known: dict[str, tuple[Endpoints, float]] = {}

    async def url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Returns where a browser goes to sign in by an issuer of `rules`.

        Raises:
            FetchFailed: the issuer's configuration can't be had.
        """
        rules, endpoints = self.rules[attempt.issuer], await self._endpoints(attempt.issuer)
        asked = {
            "response_type": "code",
            "client_id": rules.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(rules.scopes),
            "state": attempt.state(redirect_uri),
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        if endpoints.answers_in_fragment:
            # So that no log of a proxy has the code, as no server is sent a fragment.
            asked["response_mode"] = "fragment"
        joined = "&" if urlsplit(endpoints.authorization).query else "?"
        return f"{endpoints.authorization}{joined}{urlencode(asked)}"

    async def exchange(
        self, attempt: Attempt, *, code: str, redirect_uri: str, iss: str
    ) -> SignedIn:
        """Exchanges a code at the issuer, and checks the ID token.

        Raises:
            CredentialRefused: the code or the token proves nobody.
            FetchFailed: the issuer can't be reached, or refuses the code.
        """
        name = attempt.issuer
        rules, endpoints = self.rules[name], await self._endpoints(name)
        expected = self._issuers.named(name).rules.issuer
        if iss not in ("", expected) or (endpoints.names_itself and not iss):
            raise CredentialRefused("another issuer sent the code")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": rules.client_id or "",
            "code_verifier": attempt.verifier,
        }
        headers: dict[str, str] = {}
        secret = rules.secret_of_client()
        if secret is not None and endpoints.takes_basic:
            headers["authorization"] = _basic(rules.client_id or "", secret)
        elif secret is not None:
            form["client_secret"] = secret
        foreign = self._issuers.named(name).is_foreign(endpoints.token)
        post = self._post_foreign if foreign else self._post
        return await self._proven(attempt, _id_token(await post(endpoints.token, form, headers)))

    async def _proven(self, attempt: Attempt, text: str) -> SignedIn:
        rules = self.rules[attempt.issuer]
        client_id = rules.client_id or ""
        proven = await self._issuers.prove(text, attempt.issuer, client_id)
        claims = proven.claims
        if claims.get("nonce") != attempt.nonce:
            raise CredentialRefused("its nonce is of another sign-in")
        audience = claims.get("aud")
        several = isinstance(audience, list) and len(audience) > 1
        if claims.get("azp", None if several else client_id) != client_id:
            raise CredentialRefused("it was issued to another client (azp)")
        until = proven.until
        if rules.session_hours is not None:
            until = self._clock.now() + timedelta(hours=rules.session_hours)
        return SignedIn(proven.subject, _name(claims), until)

    async def _endpoints(self, name: str) -> Endpoints:
        now = self._machine_clock.monotonic()
        known = self._known.get(name)
        if known is not None and now - known[1] < FRESH_SECONDS:
            return known[0]
        issuer = self._issuers.named(name)
        found = _endpoints_in(await issuer.configuration())
        if issuer.is_foreign(found.token) and urlsplit(found.token).scheme != "https":
            raise FetchFailed(f"token_endpoint of issuer {name} must be an https URL")
        self._known[name] = found, now
        return found


def _endpoints_in(document: Mapping[str, Any]) -> Endpoints:
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Endpoints(
        authorization=_url(document, "authorization_endpoint"),
        token=_url(document, "token_endpoint"),
        takes_basic="client_secret_basic" in methods,
        answers_in_fragment="fragment" in (document.get("response_modes_supported") or ()),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _url(document: Mapping[str, Any], member: str) -> str:
    url = document.get(member)
    if not isinstance(url, str) or not is_safe(url):
        raise FetchFailed(f"{member} of {document['issuer']} must be an https URL")
    return url


def _id_token(answer: bytes) -> str:
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        raise FetchFailed("the answer of the token endpoint is not JSON") from None
    token = document.get("id_token") if isinstance(document, dict) else None
    if not isinstance(token, str):
        raise FetchFailed("the answer of the token endpoint has no id_token: is openid in scopes?")
    return token


def _basic(client_id: str, secret: str) -> str:
    """Returns the header of a client (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _name(claims: Mapping[str, Any]) -> str:
    for claim in ("email", "preferred_username", "name"):
        name = claims.get(claim)
        if isinstance(name, str) and name and name.isprintable():
            return name[:_LONGEST_NAME]
    return ""
