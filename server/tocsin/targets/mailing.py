"""Sends notices by mail, through one SMTP server."""

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress

import aiosmtplib

from tocsin.outgoing.dialling import Dialling
from tocsin.outgoing.names import unresolved
from tocsin.outgoing.reach import AddressRefused, is_address
from tocsin.outgoing.shortage import shortage_of
from tocsin.schedule import Clock
from tocsin.targets.calling import HIDDEN, LONGEST_REASON, Outcome
from tocsin.targets.mail_server import MailServerSettings
from tocsin.targets.not_called import NotCalled
from tocsin.targets.notice_mails import mail_of

# From connecting until the server has taken a mail.
SECONDS = 60.0
QUIT_SECONDS = 5.0
# Servers refuse a client that opens many connections at once.
AT_ONCE = 4


class SmtpMails:
    """Sends mails to the receivers of notices that have addresses.

    Args:
        server: the mail server's settings.
        recipients: the addresses of each receiver, by its name.
        dialling: opens connections; it is closed with this.
        machine_clock: dates the mails.

    Raises:
        ValueError: the password or the authorities can't be read; the message names the setting.
    """

    def __init__(
        self,
        server: MailServerSettings,
        recipients: Mapping[str, list[str]],
        dialling: Dialling,
        *,
        machine_clock: Clock,
    ) -> None:
        self._server = server
        self._recipients = recipients
        self._dialling = dialling
        self._machine_clock = machine_clock
        self._secret = server.secret()
        self._tls = None if server.security == "off" else _authorities(server)
        self._free = asyncio.Semaphore(AT_ONCE)
        # The default would ask the name servers.
        self._own_name = socket.gethostname() or "localhost"

    async def close(self) -> None:
        await self._dialling.close()

    def takes(self, receiver: str) -> bool:
        """Returns whether a receiver is told by mail."""
        return receiver in self._recipients

    async def send(self, receiver: str, notice: bytes, *, message_id: str) -> Outcome:
        """Sends a notice once; no failure of the server or the network raises an exception.

        The mail is sent if the server takes it for one recipient at least; the outcome's error
        names those that it refuses.

        Raises:
            NotCalled: this node could not make the connection.
        """
        recipients = self._recipients[receiver]
        mail = mail_of(
            notice,
            receiver=receiver,
            sender=self._server.sender,
            recipients=recipients,
            message_id=message_id,
            now=self._machine_clock.now(),
        )
        async with self._free:
            try:
                refused = await self._send(mail.as_bytes(), recipients)
            except (aiosmtplib.SMTPException, OSError, ValueError) as error:
                # `TimeoutError` is an OSError.
                if (lacking := shortage_of(error)) is not None:
                    reason = f"{self._where} was not called, this node is short: {lacking}"
                    raise NotCalled(reason, node_is_short=True) from error
                return Outcome(succeeded=False, error=self._said(self._words(error)))
        if not refused:
            return Outcome(succeeded=True)
        return Outcome(succeeded=True, error=self._said(f"refused {_each(refused)}"))

    async def _send(self, mail: bytes, recipients: list[str]) -> dict[str, str]:
        """Sends a mail; returns what the server says of recipients that it refuses."""
        client: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(SECONDS):
                opened = await self._dialling.dial(self._server.host, self._server.port_to_dial)
                client = self._client(opened)
                await client.connect()
                refused, _ = await client.sendmail(self._server.sender, recipients, mail)
            # It has the mail: whatever comes now, it is sent.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=QUIT_SECONDS)
        finally:
            if client is not None:
                client.close()
        return {each: f"{answer.code} {answer.message}" for each, answer in refused.items()}

    def _client(self, opened: socket.socket) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            sock=opened,
            hostname=server.host,
            username=server.username,
            password=self._secret,
            local_hostname=self._own_name,
            timeout=SECONDS,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls,
        )

    @property
    def _where(self) -> str:
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"mail server {host}:{self._server.port_to_dial}"

    def _said(self, what: str) -> str:
        text = f"{self._where} {what}"
        if self._secret is not None:
            # The server's text is stored and shown, and it may repeat the password.
            text = text.replace(self._secret, HIDDEN)
        # PostgreSQL stores no zero bytes in text.
        return text[:LONGEST_REASON].replace("\0", "\ufffd")

    def _words(self, error: Exception) -> str:
        match error:
            case AddressRefused():
                return f"is not called: {error}"
            case aiosmtplib.SMTPRecipientsRefused():
                said = {each.recipient: f"{each.code} {each.message}" for each in error.recipients}
                return f"refused {_each(said)}"
            case aiosmtplib.SMTPAuthenticationError():
                return f"did not take the password: {error.code} {error.message}"
            case aiosmtplib.SMTPResponseException():
                return f"answered {error.code} {error.message}"
            case aiosmtplib.SMTPConnectError() if isinstance(error.__cause__, OSError):
                return self._words(error.__cause__)
            case ssl.SSLError():
                return f"can't be reached: TLS failed ({error})"
            case TimeoutError() if error.errno is None:
                return f"did not take the mail within {SECONDS:g} s"
            case aiosmtplib.SMTPException():
                return f"failed: {error.message}"
            case OSError() if error.errno is None and not is_address(self._server.host):
                # Errors of connections have numbers.
                return f"can't be reached: {unresolved(self._server.host, error)}"
            case OSError():
                return f"can't be reached: {os.strerror(error.errno) if error.errno else error}"
        return f"failed: {error}"


def _authorities(server: MailServerSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except OSError as error:
        why = error.strerror or error
        raise ValueError(f"notify.mail.ca_file: {server.ca_file} can't be used: {why}") from error


def _each(refused: Mapping[str, str]) -> str:
    return "; ".join(f"{address}: {said}" for address, said in refused.items())
