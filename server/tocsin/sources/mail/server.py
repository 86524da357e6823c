"""Receives mail for the addresses of triggers, by SMTP (RFC 5321).

The server replies 250 once a mail is durable. Until then the sender keeps it, and sends it again
if the reply is lost; its content then shows that it is the same mail.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import format_datetime

import structlog

from tocsin.access.places import Places
from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.incoming import Incoming, TakesEvents
from tocsin.sources.instants import NANOS, nanos_of
from tocsin.sources.kinds import mail
from tocsin.sources.kinds.catalog import short_key
from tocsin.sources.kinds.mail import MailEvent, MailSource
from tocsin.sources.mail.attachments import AttachmentBuckets, AttachmentsNotPut
from tocsin.sources.mail.connection import (
    STORE_AWAY,
    TAKEN,
    TOO_MANY_CLIENTS,
    Connection,
    Newcomer,
    TurnedAway,
)
from tocsin.sources.mail.parsing import ParsedMail, parse_mail
from tocsin.sources.mail.parts import MailRefused
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mail.texts import Attached
from tocsin.sources.mail.tls import MailTls
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.events.subscriptions import listeners

log = structlog.get_logger(__name__)

PARSING_AT_ONCE = 2
BACKLOG = 128

STRANGER = b"554 5.7.1 your address may not send mail to this server\r\n"
BUCKET_AWAY = "451 4.3.0 the attachments can't be put into their bucket, try again later"


class MailServer:
    """Serves SMTP, and turns mails into events.

    `clock` stamps events; `machine_clock` measures the server's uptime, which `received_at` has
    too. `stands` is called after each mail with whether it could be accepted.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        intake: TakesEvents,
        buckets: AttachmentBuckets,
        *,
        machine_clock: Clock,
        load_plan: Callable[[str, bytes], Plan],
        settings: MailSettings,
        stands: Callable[[bool], None],
        tls: MailTls | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._buckets = buckets
        self._machine_clock = machine_clock
        self._began = machine_clock.monotonic()
        self._load_plan = load_plan
        self._settings = settings
        self._stands = stands
        self._tls = tls
        self._threads = ThreadPoolExecutor(PARSING_AT_ONCE, "mail")
        self._places = Places(settings.connections, settings.connections_of_address)
        self._connections: set[Connection] = set()
        self._transfers: set[asyncio.Future[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens, and returns the port.

        Raises:
            OSError: the address can't be listened on.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Newcomer(self), host, port, backlog=BACKLOG)
        self._stands(True)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self, grace_seconds: float) -> None:
        """Refuses new connections, and gives mails under way the grace to be answered."""
        if self._server is not None:
            self._server.close()
        if self._transfers:
            await asyncio.wait(self._transfers, timeout=grace_seconds)
        for connection in tuple(self._connections):
            connection.leave()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._buckets.close()

    def protocol_for(self, address: str) -> asyncio.Protocol:
        """Returns the protocol for a new client, by its IP address."""
        if not self._settings.may_send(address):
            return TurnedAway(STRANGER)
        context = None if self._tls is None else self._tls.context()
        connection = Connection(self, self._connections, self._settings.max_bytes, context)
        return (
            connection
            if connection.sit_down(self._places, address)
            else TurnedAway(TOO_MANY_CLIENTS)
        )

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """Lasts while a mail is sent, accepted and answered; a stop waits for its end."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transfers.add(done)
        try:
            yield
        finally:
            self._transfers.discard(done)
            done.set_result(None)

    async def knows(self, address: str) -> bool:
        """Returns whether a trigger has this address.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        # An address may hold bytes that are not text; those of triggers are ASCII.
        return address.isascii() and await self._plan(address) is not None

    async def take(self, content: bytes, recipients: Sequence[str], sender: str) -> str:
        """Accepts a mail; returns the SMTP reply once the mail is durable or refused."""
        # A client that hangs up must not cancel a write that is under way.
        return await asyncio.shield(asyncio.ensure_future(self._take(content, recipients, sender)))

    async def _take(self, content: bytes, recipients: Sequence[str], sender: str) -> str:
        received_ns = nanos_of(self._clock.now())
        uptime = self._machine_clock.monotonic() - self._began
        loop = asyncio.get_running_loop()
        try:
            parsed = await loop.run_in_executor(self._threads, parse_mail, content)
            digest = hashlib.sha256(content).hexdigest()
            incoming = []
            for recipient in dict.fromkeys(recipients):
                attachments = await self._put(recipient, digest, parsed.attached)
                headers = (("Received", self._received(sender, recipient)), *parsed.headers)
                event = MailEvent(
                    recipient, headers, parsed.message, attachments, round(uptime * NANOS)
                )
                incoming.append(Incoming(event, received_ns, key=_key(digest, parsed)))
            await self._intake.take(incoming)
        except MailRefused as error:
            return f"554 5.6.0 {error}"
        except AttachmentsNotPut as error:
            log.warning("deferred a mail whose attachments could not be stored", error=str(error))
            self._stands(False)
            return BUCKET_AWAY
        except StoreUnavailable:
            self._stands(False)
            return STORE_AWAY
        self._stands(True)
        return TAKEN

    async def _put(
        self, recipient: str, digest: str, attached: Sequence[Attached]
    ) -> mail.Attachments | None:
        """Puts attachments into the trigger's bucket, unless the trigger is paused."""
        plan = await self._plan(recipient)
        if plan is None or not plan.active or not attached:
            return None
        assert isinstance(plan.source, MailSource)
        bucket = plan.source.attachments_bucket
        if bucket is None:
            return None
        prefix = f"{recipient.rpartition('@')[0].lower()}/{digest[:32]}"
        keys = await self._buckets.put(bucket.bucket_id, prefix, attached)
        return mail.Attachments(bucket.bucket_id, keys)

    async def _plan(self, address: str) -> Plan | None:
        """Returns the plan of the trigger that has this address, or None."""
        key = short_key(address.lower())
        rows = await self._database.read(
            lambda tx: listeners(tx, kind=mail.KIND.name, key=key, after="", limit=1)
        )
        return self._load_plan(rows[0].contract, rows[0].message) if rows else None

    def _received(self, sender: str, recipient: str) -> str:
        """Returns the Received line that a server must add (RFC 5321, section 4.4)."""
        host = recipient.rpartition("@")[2]
        when = format_datetime(self._clock.now())
        return f"from {sender} by {host} (Tocsin) with SMTP for <{recipient}>; {when} (UTC)"


def _key(digest: str, parsed: ParsedMail) -> str:
    """Returns the key of a repeated mail; without Message-ID, equal mails may be different ones."""
    named = any(name.lower() == "message-id" for name, _ in parsed.headers)
    return f"sha256:{digest}" if named else ""
