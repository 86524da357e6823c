"""Takes mails to the addresses of triggers, over SMTP (RFC 5321).

A mail is answered with 250 once it is durable. Whoever sends it keeps it until then, and sends it
again if the answer is lost: that it is the same mail is then known by its content.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import format_datetime

import structlog

from tocsin.plans.plan import Plan
from tocsin.schedule import Clock
from tocsin.sources.incoming import Incoming, TakesEvents
from tocsin.sources.instants import NANOS, nanos_of
from tocsin.sources.kinds import mail
from tocsin.sources.kinds.catalog import short_key
from tocsin.sources.kinds.mail import MailEvent, MailSource
from tocsin.sources.mail.attachments import AttachmentBuckets, AttachmentsNotPut
from tocsin.sources.mail.connection import STORE_AWAY, TAKEN, Connection, Newcomer, TurnedAway
from tocsin.sources.mail.parsing import Attached, MailRefused, ParsedMail, parse_mail
from tocsin.sources.mail.settings import MailSettings
from tocsin.sources.mail.tls import MailTls
from tocsin.store.driver.database import Database, StoreUnavailable
from tocsin.store.events.subscriptions import listeners

log = structlog.get_logger(__name__)

PARSING_AT_ONCE = 2
BACKLOG = 128

STRANGER = b"554 5.7.1 your address may not send mails to this server\r\n"
TOO_MANY_CLIENTS = b"421 4.3.2 too many connections, try again later\r\n"
BUCKET_AWAY = "451 4.3.0 the attachments can't be put into their bucket, try again later"


class MailServer:
    """`stands` is told whether mails are taken, after each.

    `clock` is that of events, `machine` the one of this process: `received_at` has both.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        intake: TakesEvents,
        buckets: AttachmentBuckets,
        *,
        machine: Clock,
        load_plan: Callable[[str, bytes], Plan],
        settings: MailSettings,
        stands: Callable[[bool], None],
        tls: MailTls | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._buckets = buckets
        self._machine = machine
        self._began = machine.monotonic()
        self._load_plan = load_plan
        self._settings = settings
        self._stands = stands
        self._tls = tls
        self._threads = ThreadPoolExecutor(PARSING_AT_ONCE, "mail")
        self._connections: set[Connection] = set()
        self._transfers: set[asyncio.Future[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens; returns the port.

        Raises:
            OSError: it can't listen there.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Newcomer(self), host, port, backlog=BACKLOG)
        self._stands(True)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self, grace_seconds: float) -> None:
        """Takes no more connections, and lets what is being taken be answered."""
        if self._server is not None:
            self._server.close()
        if self._transfers:
            await asyncio.wait(self._transfers, timeout=grace_seconds)
        for connection in tuple(self._connections):
            connection.leave()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._buckets.close()

    def protocol_for(self, address: str) -> asyncio.Protocol:
        """Returns what speaks with a client that has just connected."""
        if not self._settings.may_send(address):
            return TurnedAway(STRANGER)
        if len(self._connections) >= self._settings.connections:
            return TurnedAway(TOO_MANY_CLIENTS)
        context = None if self._tls is None else self._tls.context()
        return Connection(self, self._connections, self._settings.max_bytes, context)

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """The time in which a mail is sent, taken and answered: a stop waits for it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transfers.add(done)
        try:
            yield
        finally:
            self._transfers.discard(done)
            done.set_result(None)

    async def knows(self, address: str) -> bool:
        """Tells whether it is a trigger's address.

        Raises:
            StoreUnavailable: the store can't be reached.
        """
        # An address may come in bytes that are no text; those of triggers are ASCII.
        return address.isascii() and await self._plan(address) is not None

    async def take(self, content: bytes, recipients: Sequence[str], sender: str) -> str:
        """Takes a mail; returns the answer once it is durable, or why it is not."""
        # A client that hangs up does not undo what is on its way to the disk.
        return await asyncio.shield(asyncio.ensure_future(self._take(content, recipients, sender)))

    async def _take(self, content: bytes, recipients: Sequence[str], sender: str) -> str:
        at, uptime = nanos_of(self._clock.now()), self._machine.monotonic() - self._began
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
                incoming.append(Incoming(event, at, key=_key(digest, parsed)))
            await self._intake.take(incoming)
        except MailRefused as error:
            return f"554 5.6.0 {error}"
        except AttachmentsNotPut as error:
            log.warning("mail put off, its attachments can't be stored", error=str(error))
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
        """Puts attachments where the trigger wants them. A paused one loses the mail: nowhere."""
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
        """Returns the trigger whose address it is."""
        key = short_key(address.lower())
        rows = await self._database.read(
            lambda tx: listeners(tx, kind=mail.KIND.name, key=key, after="", limit=1)
        )
        return self._load_plan(rows[0].contract, rows[0].message) if rows else None

    def _received(self, sender: str, recipient: str) -> str:
        """The line that whoever takes a mail adds (RFC 5321, section 4.4)."""
        host = recipient.rpartition("@")[2]
        when = format_datetime(self._clock.now())
        return f"from {sender} by {host} (Tocsin) with SMTP for <{recipient}>; {when} (UTC)"


def _key(digest: str, parsed: ParsedMail) -> str:
    """What a mail that is sent again is known by. Mails without an id may well be equal and two."""
    named = any(name.lower() == "message-id" for name, _ in parsed.headers)
    return f"sha256:{digest}" if named else ""
