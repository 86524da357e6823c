"""Notices go to a real mail server, over TLS, with a login, and on its bad days."""

import asyncio
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from stand.certificates import issue
from stand.services.mail_server import PASSWORD, USER, MailServer
from tocsin.outgoing.dialling import Dialling
from tocsin.outgoing.reach import Reach
from tocsin.schedule import SystemClock
from tocsin.targets import mailing
from tocsin.targets.calling import Outcome
from tocsin.targets.mail_server import MailServerSettings
from tocsin.targets.mailing import SmtpMails

TO = ["ops@example.com", "dev@example.com"]
NOTICE = {"type": "trigger.failed", "data": {"triggerName": "report", "lastError": "it broke"}}


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def tls(ca: trustme.CA, tmp_path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue(ca, tmp_path))
    return context


@pytest.fixture
def server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


def settings(port: int, **given: Any) -> MailServerSettings:
    usual = {"host": "127.0.0.1", "port": port, "security": "off", "sender": "tocsin@example.com"}
    return MailServerSettings.model_validate({**usual, **given})


def send(server: MailServerSettings, reach: Reach | None = None, **notice: Any) -> Outcome:
    async def once() -> Outcome:
        mails = SmtpMails(
            server, {"ops": TO}, Dialling(reach or Reach()), machine_clock=SystemClock()
        )
        try:
            body = json.dumps({**NOTICE, **notice}).encode()
            return await mails.send("ops", body, message_id="a1snotice")
        finally:
            await mails.close()
            # The connection closes in the loop's next turns.
            await asyncio.sleep(0.05)

    return asyncio.run(once())


def test_one_mail_goes_to_all_addresses_of_a_receiver(server: MailServer) -> None:
    assert send(settings(server.port)) == Outcome(succeeded=True)
    [envelope] = server.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tocsin@example.com", TO)
    [mail] = server.parsed()
    assert mail["Subject"] == "Tocsin: report failed"
    assert mail["To"] == "ops@example.com, dev@example.com"
    assert mail["From"] == "Tocsin <tocsin@example.com>"
    assert mail["Message-ID"] == "<a1snotice@example.com>"


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
def test_a_login_goes_over_tls_alone(tls: ssl.SSLContext, ca_file: str, at_once: bool) -> None:
    server = MailServer(tls, at_once=at_once, login=True)
    given = {
        "host": "localhost",
        "security": "tls" if at_once else "starttls",
        "ca_file": ca_file,
        "username": USER,
        "password": PASSWORD,
    }
    try:
        assert send(settings(server.port, **given)) == Outcome(succeeded=True)
        assert server.users[-1] == USER
        [mail] = server.parsed()
        assert "it broke" in mail.get_content()
        wrong = send(settings(server.port, **{**given, "password": "wrong-password"}))
        assert not wrong.succeeded
        assert "did not take the password: 535" in (wrong.error or "")
        assert "wrong-password" not in (wrong.error or "")
    finally:
        server.close()


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
def test_a_certificate_that_nobody_signed_takes_no_mail(tls: ssl.SSLContext, at_once: bool) -> None:
    server = MailServer(tls, at_once=at_once)
    try:
        security = "tls" if at_once else "starttls"
        outcome = send(settings(server.port, host="localhost", security=security))
        assert not outcome.succeeded
        assert "TLS failed" in (outcome.error or "")
        assert "CERTIFICATE_VERIFY_FAILED" in (outcome.error or "")
        assert server.mails == []
    finally:
        server.close()


def test_a_server_without_starttls_takes_no_mail(server: MailServer, ca_file: str) -> None:
    outcome = send(settings(server.port, security="starttls", ca_file=ca_file))
    assert not outcome.succeeded
    assert "STARTTLS" in (outcome.error or "")
    assert server.mails == []


def test_a_recipient_that_is_refused_is_named_and_the_others_have_the_mail(
    server: MailServer,
) -> None:
    server.recipient = lambda address: "250 OK" if address == TO[0] else "550 nobody here"
    outcome = send(settings(server.port))
    assert outcome.succeeded
    assert outcome.error == (
        f"mail server 127.0.0.1:{server.port} refused dev@example.com: 550 nobody here"
    )
    assert [envelope.rcpt_tos for envelope in server.mails] == [[TO[0]]]
    server.recipient = lambda _: "450 later"
    outcome = send(settings(server.port))
    assert not outcome.succeeded
    assert "refused ops@example.com: 450 later; dev@example.com: 450 later" in (outcome.error or "")


def test_what_a_server_says_is_the_error_without_the_password() -> None:
    echoing = MailServer(login=True)
    echoing.answer = lambda: "451 try later"
    try:
        outcome = send(settings(echoing.port, username=USER, password=PASSWORD))
        assert not outcome.succeeded
        assert outcome.error == f"mail server 127.0.0.1:{echoing.port} answered 451 try later"
        echoing.answer = lambda: f"554 I know that {PASSWORD} is yours"
        outcome = send(settings(echoing.port, username=USER, password=PASSWORD))
        assert "I know that *** is yours" in (outcome.error or "")
    finally:
        echoing.close()
    refused = send(settings(echoing.port))
    assert "can't be reached: Connection refused" in (refused.error or "")


def test_a_server_that_says_nothing_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = send(settings(silent.getsockname()[1]))
    assert not outcome.succeeded
    assert "did not take the mail within 0.2 s" in (outcome.error or "")


def test_a_name_may_lead_where_a_webhook_may(server: MailServer) -> None:
    unlisted = Reach(networks=())
    assert send(settings(server.port), unlisted).succeeded
    assert send(settings(server.port, host="localhost"), unlisted).succeeded
    outcome = send(settings(server.port, host="metadata.invalid"))
    assert "the name metadata.invalid is unknown" in (outcome.error or "")


@pytest.mark.parametrize(
    "text",
    [
        "broke\r\nBcc: victim@example.com\r\n\r\n<b>hello</b>",
        "broke\n.\nMAIL FROM:<x@example.com>\n",
        "broke\u2028\x1b[2J\u202egnorw\0",
        "=?utf-8?q?broke=0ABcc:_victim@example.com?=",
        "слом " * 300,
    ],
)
def test_words_of_strangers_add_no_header_no_recipient_and_no_html(
    server: MailServer, text: str
) -> None:
    data = {"triggerName": text, "lastError": text, "folderId": text, "command": text}
    assert send(settings(server.port), data=data).succeeded
    [envelope] = server.mails
    assert envelope.rcpt_tos == TO
    [mail] = server.parsed()
    names = [name.lower() for name in mail]
    assert names == [
        *("subject", "from", "to", "date", "message-id", "auto-submitted"),
        *("content-type", "content-transfer-encoding", "mime-version"),
    ]
    assert mail.get_content_type() == "text/plain"
    content = mail.get_content()
    assert "broke" in content or "слом" in content
    # Each line of theirs is marked, or stands behind a label.
    assert not [line for line in content.splitlines() if line.startswith(("Bcc", "<b>", "MAIL"))]
    assert "\x1b" not in content
    assert "\u202e" not in content


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"host": "169.254.169.254"}, "never called"),
        ({"host": "smtp.example.com\r\nX"}, "name or the address of a host"),
        ({"sender": "Tocsin <a@example.com>"}, "expected a mail address"),
        ({"sender": "a@example.com\r\nBcc: b@example.com"}, "expected a mail address"),
        ({"host": "mail.example.com", "username": "a", "password": "b"}, "security: must be"),
        ({"password": "b"}, "username: is needed"),
        ({"username": "a"}, "username: is needed"),
        ({"username": "a", "password": "b", "password_file": "c"}, "only one of the two"),
    ],
)
def test_settings_that_could_not_work_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        settings(25, **given)


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("open sesame\n")
    given = {"username": "a", "password_file": str(file)}
    assert settings(25, **given).secret() == "open sesame"
    file.unlink()
    with pytest.raises(ValueError, match=r"notify\.mail\.password_file: .* can't be read: No such"):
        settings(25, **given).secret()
