"""Serves `tocsin.v1.SessionService`: people sign in on the page by a key or an issuer, and out."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from tocsin.access.principal import CredentialRefused, Principal
from tocsin.access.secrets import digest_of, new_secret
from tocsin.access.sessions import (
    GONE,
    SESSION_PREFIX,
    Attempt,
    Cookie,
    Cookies,
    cookie_in,
)
from tocsin.access.tokens.code_flow import CodeFlow
from tocsin.access.tokens.issuers import FetchFailed
from tocsin.gate.proofs import API_KEY, BY_CREDENTIAL, shown_credential
from tocsin.schedule import Clock
from tocsin.store.access.sessions import StoredSession, begin_session, end_session
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.wire import errors
from tocsin.wire.calls import Call
from tocsin.wire.rest.browsers import COOKIE, page_of
from tocsin.wire.serving import SelfChecked, Served
from tocsin.wire.timestamps import to_timestamp
from tocsin_protos.tocsin.v1 import session_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["SessionService"]

log = structlog.get_logger(__name__)

NOT_KEPT = ("cache-control", "no-store")


class SessionService:
    """Begins and ends sessions, which last for `life` at most."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        cookies: Cookies,
        flow: CodeFlow,
        life: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._cookies = cookies
        self._flow = flow
        self._life = life

    def methods(self) -> dict[str, Served]:
        return {
            "GetSignInOptions": self.get_options,
            "SignIn": self.sign_in,
            "BeginSignIn": self.begin,
            "CompleteSignIn": self.complete,
            "SignOut": self.sign_out,
        }

    async def get_options(
        self, _request: contract.GetSignInOptionsRequest, call: Call
    ) -> contract.GetSignInOptionsResponse:
        """Says in which ways one can sign in."""
        await call.send_metadata([NOT_KEPT])
        return contract.GetSignInOptionsResponse(
            access_control=True,
            api_key=True,
            issuers=[
                contract.SignInIssuer(name=name, title=rule.title or name)
                for name, rule in self._flow.rules.items()
            ],
            has_session=self._cookie(call, self._cookies.session) is not None,
        )

    async def sign_in(self, request: contract.SignInRequest, call: Call) -> contract.SignInResponse:
        """Signs in with an API key."""
        origin, now = page_of(call.arrival), self._clock.now()
        digest = digest_of(request.api_key.strip())

        def begin(tx: Transaction) -> tuple[StoredSession, str]:
            credential, account = shown_credential(tx, digest, API_KEY, now)
            until = credential.expires_at or now + self._life
            return self._begun(
                tx,
                StoredSession(
                    secrets.token_hex(),
                    account.subject,
                    account.name,
                    BY_CREDENTIAL + credential.id,
                    origin,
                    now,
                    min(until, now + self._life),
                ),
            )

        session = await self._session(call, begin, proof="API key")
        return contract.SignInResponse(
            subject=session.subject, expires_at=to_timestamp(session.expires_at)
        )

    async def begin(
        self, request: contract.BeginSignInRequest, call: Call
    ) -> contract.BeginSignInResponse:
        """Says where a browser goes to sign in by an issuer, and gives it what it must show."""
        origin = page_of(call.arrival)
        if request.issuer not in self._flow.rules:
            known = ", ".join(self._flow.rules) or "none"
            raise errors.invalid_field("issuer", f"must be one of those that sign in: {known}")
        if _origin_of(request.redirect_uri) != origin:
            raise errors.invalid_field(
                "redirect_uri", f"must be a URL of the page, below {origin}, without a fragment"
            )
        attempt = Attempt.new(request.issuer, self._clock.now())
        try:
            url = await self._flow.url(attempt, request.redirect_uri)
        except FetchFailed as error:
            log.warning("could not begin a sign-in", issuer=request.issuer, error=str(error))
            raise errors.sign_in_unavailable(request.issuer) from None
        await call.send_metadata([NOT_KEPT, attempt.cookie().header(self._cookies.attempt, origin)])
        return contract.BeginSignInResponse(authorization_url=url)

    async def complete(
        self, request: contract.CompleteSignInRequest, call: Call
    ) -> contract.CompleteSignInResponse:
        """Signs in with the code that an issuer sent."""
        origin, now = page_of(call.arrival), self._clock.now()
        try:
            attempt = self._attempt(request, call, now)
            signed_in = await self._flow.exchange(
                attempt, code=request.code, redirect_uri=request.redirect_uri, iss=request.iss
            )
        except CredentialRefused as error:
            raise _refused("code", error) from None
        except FetchFailed as error:
            log.warning("could not complete a sign-in", issuer=attempt.issuer, error=str(error))
            raise errors.sign_in_refused() from None
        session = StoredSession(
            secrets.token_hex(),
            signed_in.subject,
            signed_in.name,
            "",
            origin,
            now,
            min(signed_in.until, now + self._life),
        )
        begun = await self._session(call, lambda tx: self._begun(tx, session), proof="code")
        return contract.CompleteSignInResponse(
            subject=begun.subject, expires_at=to_timestamp(begun.expires_at)
        )

    async def sign_out(
        self, _request: contract.SignOutRequest, call: Call
    ) -> contract.SignOutResponse:
        """Ends the caller's session."""
        caller = call.caller
        if caller is None or caller.session is None:
            raise errors.session_missing()
        session = caller.session
        await self._database.write(lambda tx: end_session(tx, session.id))
        await call.send_metadata([NOT_KEPT, GONE.header(self._cookies.session, session.origin)])
        return contract.SignOutResponse()

    def _attempt(
        self, request: contract.CompleteSignInRequest, call: Call, now: datetime
    ) -> Attempt:
        attempt = Attempt.read(self._cookie(call, self._cookies.attempt) or "")
        if attempt is None or attempt.issuer not in self._flow.rules:
            raise CredentialRefused("this browser has begun no sign-in")
        if attempt.is_over(now):
            raise CredentialRefused("the sign-in began too long ago")
        if not attempt.is_state(request.state, request.redirect_uri):
            raise CredentialRefused("the state is of another sign-in")
        return attempt

    def _begun(self, tx: Transaction, session: StoredSession) -> tuple[StoredSession, str]:
        secret = new_secret(SESSION_PREFIX)
        begin_session(tx, session, digest_of(secret))
        return session, secret

    async def _session(
        self,
        call: Call,
        begin: Callable[[Transaction], tuple[StoredSession, str]],
        *,
        proof: str,
    ) -> StoredSession:
        try:
            session, secret = await self._database.write(begin)
        except CredentialRefused as error:
            raise _refused(proof, error) from None
        call.identify(Principal(session.subject))
        cookie = Cookie(secret, session.expires_at - session.created_at)
        await call.send_metadata(
            [
                NOT_KEPT,
                cookie.header(self._cookies.session, session.origin),
                GONE.header(self._cookies.attempt, session.origin),
            ]
        )
        return session

    def _cookie(self, call: Call, name: str) -> str | None:
        return cookie_in(call.metadata_value(COOKIE) or "", name)


def closed_methods() -> dict[str, Served]:
    """Returns the methods of a server without access control: nobody need sign in."""

    async def get_options(_: Any) -> contract.GetSignInOptionsResponse:
        return contract.GetSignInOptionsResponse()

    async def refuse(_: Any) -> Any:
        raise errors.access_control_off()

    refusing = {method.name: SelfChecked(refuse, lambda _: ()) for method in SERVICE.methods}
    return {**refusing, "GetSignInOptions": get_options}


def _refused(proof: str, error: CredentialRefused) -> errors.ApiError:
    log.info("refused a sign-in", proof=proof, why=str(error))
    return errors.sign_in_refused()


def _origin_of(url: str) -> str | None:
    """Returns the origin of a URL that an issuer can send a browser back to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.fragment or parts.query or parts.username or "\\" in url:
        return None
    return f"{parts.scheme}://{parts.netloc}"
