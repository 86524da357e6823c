"""Speaks SMTP (RFC 5321) with those who send mails, bounded in what they may send, and how long."""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Client

from tocsin.store.driver.database import StoreUnavailable

log = structlog.get_logger(__name__)

MOST_RECIPIENTS = 100
# For one command, a whole mail included; and for all that comes before, or after, a mail.
IDLE_SECONDS = 300.0
WITHOUT_MAIL_SECONDS = 600.0
# How often a client may say them on one connection; any other is of no use more than a few times.
MAILS = 10_000
COMMANDS = {"MAIL": MAILS, "DATA": MAILS, "RSET": MAILS, "RCPT": 100 * MAILS, "*": 100}

TAKEN = "250 2.0.0 taken"
UNKNOWN = "550 5.1.1 no trigger has this address"
TOO_MANY_RECIPIENTS = f"452 4.5.3 more than {MOST_RECIPIENTS} recipients, send the others again"
STORE_AWAY = "451 4.3.0 the store can't be reached, try again later"
FAILED = "451 4.3.0 something went wrong, try again later"
OUT_OF_TIME = b"421 4.4.2 no mail came for too long\r\n"
STOPPING = b"421 4.3.2 the server stops\r\n"


class TakesMails(Protocol):
    """Where mails go."""

    def protocol_for(self, address: str) -> asyncio.Protocol:
        """Returns what speaks with a client of this IP address that has just connected."""

    def transfer(self) -> AbstractContextManager[None]:
        """Returns the time in which a mail is sent, taken and answered."""

    async def knows(self, address: str) -> bool:
        """Tells whether mails to this address are taken.

        Raises:
            StoreUnavailable: the store can't be reached.
        """

    async def take(self, content: bytes, recipients: Sequence[str], sender: str) -> str:
        """Takes a mail; returns the answer once it is durable, or why it is not."""


class Newcomer(asyncio.Protocol):
    """A client of which only the address is known, which decides who speaks with it."""

    def __init__(self, server: TakesMails) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)
        protocol = self._server.protocol_for(str(wire.get_extra_info("peername")[0]))
        wire.set_protocol(protocol)
        protocol.connection_made(wire)


class TurnedAway(asyncio.Protocol):
    """One that is told why, and hung up on."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)
        wire.write(self._answer)
        wire.close()


class Connection(SMTP):
    """A client, bound in what it may send while nobody takes it."""

    def __init__(
        self,
        server: TakesMails,
        among: set["Connection"],
        most_bytes: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._server = server
        self._without_mail: asyncio.TimerHandle | None = None
        super().__init__(
            Commands(server),
            data_size_limit=most_bytes,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Tocsin",
            timeout=IDLE_SECONDS,
            command_call_limit=COMMANDS,
            tls_context=tls,
            # Nobody logs in here; what isn't offered is not tried.
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._among = among
        # A mail that is too large is read to its end, to be answered; not one without an end.
        self._most_read = 2 * most_bytes
        self.read_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._among.add(self)
        self.is_of_use()
        # Those of uvloop are none of asyncio's by their types.
        self._wire = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._among.discard(self)
        if self._without_mail is not None:
            self._without_mail.cancel()
        super().connection_lost(error)

    def is_of_use(self) -> None:
        """Gives the client the time until its next mail anew."""
        if self._without_mail is not None:
            self._without_mail.cancel()
        loop = asyncio.get_running_loop()
        self._without_mail = loop.call_later(WITHOUT_MAIL_SECONDS, self._out_of_time)

    def _out_of_time(self) -> None:
        self._wire.write(OUT_OF_TIME)
        self._wire.close()

    def data_received(self, data: bytes) -> None:
        self.read_bytes += len(data)
        if self.read_bytes > self._most_read:
            self._wire.abort()
        else:
            super().data_received(data)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        with self._server.transfer():
            await super().smtp_DATA(arg)

    def leave(self) -> None:
        """Says that the server stops, and hangs up."""
        self._wire.write(STOPPING)
        self._wire.close()


class Commands:
    """What aiosmtpd asks of us, command by command."""

    def __init__(self, server: TakesMails) -> None:
        self._server = server

    async def handle_EHLO(  # noqa: N802
        self, _smtp: SMTP, client: Client, _envelope: Envelope, name: str, answer: list[str]
    ) -> list[str]:
        client.host_name = name
        # It offers to log in over TLS, by none of no ways.
        return [line for line in answer if not line.startswith("250-AUTH")]

    async def handle_MAIL(  # noqa: N802
        self, smtp: SMTP, _client: Client, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if isinstance(smtp, Connection):
            smtp.read_bytes = 0
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _smtp: SMTP, _client: Client, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY_RECIPIENTS
        try:
            known = await self._server.knows(address)
        except StoreUnavailable:
            return STORE_AWAY
        if not known:
            return UNKNOWN
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, smtp: SMTP, client: Client, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        peer: object = client.peer
        address = peer[0] if isinstance(peer, tuple) else "unknown"
        name = str(client.host_name).encode("utf-8", "replace").decode()
        answer = await self._server.take(content, envelope.rcpt_tos, f"{name} ([{address}])")
        if isinstance(smtp, Connection) and answer == TAKEN:
            smtp.is_of_use()
        return answer

    async def handle_exception(self, error: Exception) -> str:
        log.error("mail could not be taken", exc_info=error)
        return FAILED
