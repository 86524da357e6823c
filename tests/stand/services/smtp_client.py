"""Mails as programs send them, by the standard library's SMTP client."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid

PATIENCE = 30
SENDER = "sender@example.com"


@contextmanager
def connected(address: str, source: str = "127.0.0.1") -> Iterator[smtplib.SMTP]:
    """Connects from an address of this machine."""
    host, _, port = address.rpartition(":")
    with smtplib.SMTP(
        host, int(port), "client.test", timeout=PATIENCE, source_address=(source, 0)
    ) as client:
        yield client


def send(address: str, mail: EmailMessage | bytes, *recipients: str) -> None:
    """Sends a mail. Raises what smtplib does where it is refused."""
    content = mail if isinstance(mail, bytes) else on_the_wire(mail)
    with connected(address) as client:
        refused = client.sendmail(SENDER, recipients, content)
    assert not refused


def on_the_wire(mail: EmailMessage) -> bytes:
    return mail.as_bytes(policy=policy.SMTP)


def mail_of(subject: str, text: str = "hello\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Sender <{SENDER}>"
    mail["Subject"] = subject
    mail["Message-ID"] = make_msgid(domain="example.com")
    mail.set_content(text)
    return mail
