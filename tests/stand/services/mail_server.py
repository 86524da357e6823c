"""A mail server that keeps what it takes, by aiosmtpd: with TLS, with logins, and with bad days."""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, TypeAlias

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "tocsin", "correct horse"
TAKEN = "250 taken"
Answer: TypeAlias = Callable[[], str]
Recipient: TypeAlias = Callable[[str], str]


class MailServer:
    """Listens on loopback. `answer` says what becomes of a mail, `recipient` of an address."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        at_once: bool = False,
        login: bool = False,
    ) -> None:
        self.mails: list[Envelope] = []
        self.users: list[str] = []
        self.answer: Answer = lambda: TAKEN
        self.recipient: Recipient = lambda _: "250 OK"
        self._options: dict[str, Any] = {"enable_SMTPUTF8": True}
        self._tls_at_once = tls if at_once else None
        if tls is not None and not at_once:
            self._options |= {"tls_context": tls, "require_starttls": True}
        if login:
            over_starttls = tls is not None and not at_once
            self._options |= {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": over_starttls,
            }
        self.port = 0
        self._connections: list[SMTP] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,))
        self._thread.start()
        assert started.wait(30)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        server = await self._loop.create_server(
            self._connection, "127.0.0.1", 0, ssl=self._tls_at_once
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        for each in self._connections:
            if each.transport is not None:
                each.transport.close()
        # The transports close in the loop's next turns.
        await asyncio.sleep(0.01)

    def _connection(self) -> SMTP:
        with warnings.catch_warnings():
            # That logins need no TLS is said of tests without it, and of TLS from the first byte.
            warnings.simplefilter("ignore", UserWarning)
            made = SMTP(self, loop=self._loop, **self._options)
        self._connections.append(made)
        return made

    def parsed(self) -> list[EmailMessage]:
        """The mails as programs read them."""
        return [self.read(each) for each in self.mails]

    @staticmethod
    def read(envelope: Envelope) -> EmailMessage:
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        answer = self.recipient(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        answer = self.answer()
        if answer == TAKEN:
            self.mails.append(envelope)
        return answer

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        known = data == LoginPassword(USER.encode(), PASSWORD.encode())
        # Not handled: the server answers.
        return AuthResult(success=known, handled=False)
