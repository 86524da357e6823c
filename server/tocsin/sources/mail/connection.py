"""Speaks SMTP (RFC 5321) with senders of mail, with limits of size and time."""

import asyncio
import functools
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Client

from tocsin.access.places import Keeps, Place, Places
from tocsin.sources.mail.data import read_data
from tocsin.store.driver.database import StoreUnavailable

log = structlog.get_logger(__name__)

MOST_RECIPIENTS = 100
# Time for one command, a whole mail included.
IDLE_SECONDS = 300.0
# Time for a client's first byte, and for its TLS handshake.
FIRST_SECONDS = 10.0
# Time on a connection before the first mail, and between two mails.
WITHOUT_MAIL_SECONDS = 600.0
# How often a client may give each command on one connection.
MAILS = 10_000
COMMANDS = {"MAIL": MAILS, "DATA": MAILS, "RSET": MAILS, "RCPT": 100 * MAILS, "*": 100}

TAKEN = "250 2.0.0 accepted"
CONTROL = "501 5.5.2 a command must not have control characters"
BARE_CR = "554 5.6.0 a CR must stand before an LF (RFC 5321, section 2.3.8)"
NO_RECIPIENT = "503 5.5.1 need RCPT before DATA"
NO_ARGUMENT = "501 5.5.4 DATA takes no argument"
GO_ON = "354 End data with <CR><LF>.<CR><LF>"
TOO_LARGE = "552 5.3.4 the mail is larger than this server takes"
UNKNOWN = "550 5.1.1 no trigger has this address"
TOO_MANY_RECIPIENTS = f"452 4.5.3 more than {MOST_RECIPIENTS} recipients, send to the others again"
STORE_AWAY = "451 4.3.0 the store can't be reached, try again later"
FAILED = "451 4.3.0 internal error, try again later"
OUT_OF_TIME = b"421 4.4.2 no mail came for too long\r\n"
TOO_MANY_CLIENTS = b"421 4.3.2 too many connections, try again later\r\n"
STOPPING = b"421 4.3.2 the server is stopping, try again later\r\n"


# RFC 5321, section 4.1.2: no argument has any, and the next server might end the line there.
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

Command = Callable[[SMTP, str], Awaitable[None]]


def _without_controls(command: Command) -> Command:
    """Returns a command that refuses an argument with control characters."""

    @functools.wraps(command)
    async def checked(self: SMTP, arg: str) -> None:
        if arg and CONTROLS.search(arg):
            await self.push(CONTROL)
        else:
            await command(self, arg)

    return checked


class TakesMails(Protocol):
    """Accepts the mails of connections."""

    def protocol_for(self, address: str) -> asyncio.Protocol:
        """Returns the protocol for a new client, by its IP address."""

    def transfer(self) -> AbstractContextManager[None]:
        """Returns a context that lasts while a mail is sent, accepted and answered."""

    async def knows(self, address: str) -> bool:
        """Returns whether a trigger has this address.

        Raises:
            StoreUnavailable: the store can't be reached.
        """

    async def take(self, content: bytes, recipients: Sequence[str], sender: str) -> str:
        """Accepts a mail; returns the SMTP reply once the mail is durable or refused."""


class Newcomer(asyncio.Protocol):
    """Chooses the protocol for a new client by its address."""

    def __init__(self, server: TakesMails) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)
        protocol = self._server.protocol_for(str(wire.get_extra_info("peername")[0]))
        wire.set_protocol(protocol)
        protocol.connection_made(wire)


class TurnedAway(asyncio.Protocol):
    """Sends a client one reply and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)
        wire.write(self._answer)
        wire.close()


class Connection(SMTP):
    """Serves one client, within limits of bytes and time."""

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
            # No client logs in here, so no way to log in is offered.
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._among = among
        self._places: Places | None = None
        self._place: Place | None = None
        self._said_nothing: asyncio.TimerHandle | None = None
        # A mail that is too large is read to its end and answered, unless it has no end.
        self._most_read = 2 * most_bytes
        self._most_bytes = most_bytes
        self.read_bytes = 0

    def sit_down(self, places: Places, address: str) -> bool:
        """Takes one of the places until the connection ends; returns whether there was one.

        Args:
            places: those of all connections; a connection that sends no mail may lose its own.
            address: the IP address of the client.
        """
        self._places, self._place = places, places.take(address, self._make_room)
        return self._place is not None

    def _make_room(self) -> None:
        self._wire.write(TOO_MANY_CLIENTS)
        self._wire.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._among.add(self)
        self.restart_timer()
        if not self.read_bytes:
            loop = asyncio.get_running_loop()
            self._said_nothing = loop.call_later(FIRST_SECONDS, self._out_of_time)
        # uvloop's transports are not subclasses of asyncio's.
        self._wire = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._among.discard(self)
        if self._places is not None and self._place is not None:
            self._places.free(self._place)
        for timer in filter(None, (self._without_mail, self._said_nothing)):
            timer.cancel()
        super().connection_lost(error)

    def restart_timer(self) -> None:
        """Restarts the time in which the client must send its next mail."""
        if self._without_mail is not None:
            self._without_mail.cancel()
        loop = asyncio.get_running_loop()
        self._without_mail = loop.call_later(WITHOUT_MAIL_SECONDS, self._out_of_time)

    def _out_of_time(self) -> None:
        self._wire.write(OUT_OF_TIME)
        self._wire.close()

    def data_received(self, data: bytes) -> None:
        if self._said_nothing is not None:
            self._said_nothing.cancel()
        self.read_bytes += len(data)
        if self.read_bytes > self._most_read:
            self._wire.abort()
        else:
            super().data_received(data)

    smtp_HELO = _without_controls(SMTP.smtp_HELO)  # noqa: N815
    smtp_EHLO = _without_controls(SMTP.smtp_EHLO)  # noqa: N815
    smtp_MAIL = _without_controls(SMTP.smtp_MAIL)  # noqa: N815
    smtp_RCPT = _without_controls(SMTP.smtp_RCPT)  # noqa: N815
    smtp_VRFY = _without_controls(SMTP.smtp_VRFY)  # noqa: N815

    @functools.wraps(SMTP.smtp_STARTTLS)
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        timer = asyncio.get_running_loop().call_later(FIRST_SECONDS, self._wire.abort)
        try:
            await super().smtp_STARTTLS(arg)
        finally:
            timer.cancel()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        with self._server.transfer(), self._keeping_place() as place:
            await self._take_data(arg, place)

    async def _take_data(self, arg: str, place: Place) -> None:
        """Serves DATA; the library refuses lines of more than 1001 bytes, which people send."""
        assert self.envelope is not None
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push(NO_RECIPIENT)
            return
        if arg:
            await self.push(NO_ARGUMENT)
            return
        await self.push(GO_ON)
        content = await read_data(self._reader, self._most_bytes)
        place.keeps = Keeps.ALL
        answer = TOO_LARGE
        if content is not None:
            self.envelope.content = self.envelope.original_content = content
            answer = await self._call_handler_hook("DATA")
        # What this mail set is for this mail alone, as after RSET.
        self.envelope = self._create_envelope()
        await self.push(answer)

    @contextmanager
    def _keeping_place(self) -> Iterator[Place]:
        """Lasts while only an address with fewer places can get the place."""
        if self._place is None:
            raise RuntimeError("a connection without a place is turned away")
        self._place.keeps = Keeps.EQUALS
        try:
            yield self._place
        finally:
            self._place.keeps = Keeps.NOBODY

    def leave(self) -> None:
        """Tells the client that the server is stopping, and hangs up."""
        self._wire.write(STOPPING)
        self._wire.close()


class Commands:
    """Handles the commands that aiosmtpd passes on."""

    def __init__(self, server: TakesMails) -> None:
        self._server = server

    async def handle_EHLO(  # noqa: N802
        self, _smtp: SMTP, client: Client, _envelope: Envelope, name: str, answer: list[str]
    ) -> list[str]:
        client.host_name = name
        # aiosmtpd offers AUTH over TLS even without any mechanism.
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
        if content.count(b"\r") != content.count(b"\r\n"):
            return BARE_CR
        peer: object = client.peer
        address = peer[0] if isinstance(peer, tuple) else "unknown"
        name = str(client.host_name).encode("utf-8", "replace").decode()
        answer = await self._server.take(content, envelope.rcpt_tos, f"{name} ([{address}])")
        if isinstance(smtp, Connection) and answer == TAKEN:
            smtp.restart_timer()
        return answer

    async def handle_exception(self, error: Exception) -> str:
        log.error("could not accept a mail, asked the sender to try again", exc_info=error)
        return FAILED
