"""Who may send mails, how they are protected on their way, and what keeps nobody else out."""

import smtplib
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from stand.apis.triggers import RestApi, create
from stand.certificates import issue, trusting
from stand.processes import eventually
from stand.recording_target import PATIENCE, RecordingTarget
from stand.services import smtp_client
from stand.services.smtp_client import connected, mail_of
from stand.tocsin_process import Tocsin, run_tocsin, serve_command, serving

SMTP = ("--smtp", "127.0.0.1:0")


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certified(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    issue(ca, folder)
    return folder


@pytest.fixture(scope="module")
def tocsin(certified: Path, config: str) -> Iterator[Tocsin]:
    """It offers STARTTLS, and takes mails of this machine."""
    tls = f"""
        tls_cert = "{certified / "server.pem"}"
        tls_key = "{certified / "server.key"}"
        {config}
        [sources.mail]
        allow = ["127.0.0.0/8", "10.0.0.0/8"]
    """
    with tempfile.TemporaryDirectory() as made, serving(Path(made), tls, *SMTP) as server:
        yield server


@pytest.fixture
def door(tocsin: Tocsin) -> str:
    return tocsin.address("smtp")


def address_of(server: Tocsin, folder: str) -> str:
    rule = {"mail": {"invokeFunction": {"functionId": folder}}}
    found: str = create(RestApi(server.http_address), folder, rule=rule)["rule"]["mail"]["email"]
    return found


def test_a_mail_is_sent_over_tls(
    tocsin: Tocsin, door: str, ca: trustme.CA, target: RecordingTarget, folder: str
) -> None:
    address = address_of(tocsin, folder)
    with connected(door) as client:
        client.ehlo()
        assert client.has_extn("STARTTLS")
        client.starttls(context=trusting(ca))
        client.ehlo()
        assert not client.has_extn("STARTTLS")
        assert not client.has_extn("AUTH")
        client.sendmail("a@b.example", [address], smtp_client.on_the_wire(mail_of("secret")))
        client.sendmail("a@b.example", [address], smtp_client.on_the_wire(mail_of("again")))
    target.wait_for(lambda call: call.path == f"/functions/{folder}", 2)


def test_what_is_sent_before_tls_is_not_heard_after_it(door: str, ca: trustme.CA) -> None:
    """A man in the middle adds commands to the plain text, to be carried out as if encrypted."""
    host, port = door.split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as plain:
        plain.recv(1000)
        plain.sendall(b"HELO x\r\n")
        plain.recv(1000)
        plain.sendall(b"STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n")
        assert plain.recv(1000).startswith(b"220")
        with trusting(ca).wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(b"HELO x\r\n")
            assert tls.recv(1000).startswith(b"250 ")
            tls.sendall(b"RCPT TO:<a@example.com>\r\n")
            assert tls.recv(1000).startswith(b"503")


def test_a_renewed_certificate_is_taken(
    tocsin: Tocsin, door: str, ca: trustme.CA, certified: Path
) -> None:
    def shown() -> bytes | None:
        with connected(door) as client:
            client.starttls(context=trusting(ca))
            assert isinstance(client.sock, ssl.SSLSocket)
            return client.sock.getpeercert(binary_form=True)

    before = shown()
    issue(ca, certified)
    assert shown() != before
    renewed = shown()
    (certified / "server.pem").write_text("no certificate")
    assert shown() == renewed
    eventually(lambda: "refused the renewed certificate for mail" in tocsin.log.read_text())


def test_without_a_certificate_there_is_no_tls(directory: Path) -> None:
    with (
        serving(directory, "", *SMTP, http="off") as server,
        connected(server.address("smtp")) as client,
    ):
        client.ehlo()
        assert not client.has_extn("STARTTLS")


def test_a_certificate_that_is_none_is_told_at_the_start(directory: Path) -> None:
    for name in ("cert", "key"):
        (directory / name).write_text("nothing")
    config = f'tls_cert = "{directory / "cert"}"\ntls_key = "{directory / "key"}"\n'
    ended = run_tocsin(*serve_command(directory, config, *SMTP, http="off")[1:])
    assert ended.status != 0
    assert "SMTP can't use" in ended.stderr


def test_whose_address_is_not_allowed_is_turned_away(directory: Path) -> None:
    config = '[sources.mail]\nallow = ["10.0.0.0/8", "::1/128"]\n'
    with serving(directory, config, *SMTP, http="off") as server:
        with pytest.raises(smtplib.SMTPConnectError) as refused, connected(server.address("smtp")):
            pass
        assert refused.value.smtp_code == 554
        # However many of them come, they take no place of others.
        assert b"may not send" in bytes(refused.value.smtp_error)


def test_under_access_control_a_listener_for_others_needs_to_know_its_senders(
    directory: Path,
) -> None:
    smtp = ("--smtp", "0.0.0.0:0", "--access")
    ended = run_tocsin(*serve_command(directory, "", *smtp, http="off")[1:])
    assert ended.status != 0
    assert "allow in [sources.mail]" in ended.stderr
    allowed = '[sources.mail]\nallow = ["127.0.0.0/8"]\n'
    with serving(directory, allowed, *smtp, http="off") as server:
        port = server.address("smtp").rpartition(":")[2]
        with connected(f"127.0.0.1:{port}") as client:
            assert client.noop()[0] == 250


def test_a_line_that_is_too_long_is_refused(door: str) -> None:
    with connected(door) as client:
        client.ehlo()
        assert client.docmd("MAIL", "FROM:<" + "a" * 5000 + "@example.com>")[0] == 500
        assert client.noop()[0] == 250


def test_commands_without_end_are_ended(door: str) -> None:
    with connected(door) as client:
        answers = [client.noop()[0] for _ in range(101)]
        assert answers == [250] * 100 + [421]
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()


def test_unknown_commands_without_end_are_ended(door: str) -> None:
    with connected(door) as client:
        answers = [client.docmd("GET / HTTP/1.1")[0] for _ in range(5)]
        assert answers == [500] * 4 + [502]
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()


def test_recipients_without_end_are_refused(tocsin: Tocsin, door: str, folder: str) -> None:
    address = address_of(tocsin, folder)
    with connected(door) as client:
        client.ehlo()
        client.mail("a@b.example")
        answers = [client.rcpt(address)[0] for _ in range(101)]
    assert answers == [250] * 100 + [452]


def test_a_tls_handshake_that_never_ends_keeps_nobody_out(door: str) -> None:
    host, port = door.split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as silent:
        silent.recv(1000)
        silent.sendall(b"HELO x\r\n")
        silent.recv(1000)
        silent.sendall(b"STARTTLS\r\n")
        assert silent.recv(1000).startswith(b"220")
        with connected(door) as client:
            assert client.noop()[0] == 250


def test_silent_clients_keep_nobody_from_sending(directory: Path, config: str) -> None:
    """Those of one address have so many places; if others take the rest, the oldest leaves."""
    few = f"{config}\n[sources.mail]\nconnections = 6\nconnections_of_address = 4\n"
    with serving(directory, few, *SMTP) as server, ExitStack() as stack:
        address = address_of(server, "b1g0")
        host, port = server.address("smtp").split(":")

        def silent(source: str) -> socket.socket:
            connection = socket.create_connection((host, int(port)), PATIENCE, (source, 0))
            return stack.enter_context(connection)

        of_one = [silent("127.0.0.2") for _ in range(5)]
        assert [each.recv(100)[:3] for each in of_one] == [b"220"] * 4 + [b"421"]
        others = [silent("127.0.0.3") for _ in range(4)]
        assert [each.recv(100)[:3] for each in others] == [b"220"] * 4
        assert [each.recv(100)[:3] for each in of_one[:2]] == [b"421"] * 2
        with connected(server.address("smtp")) as client:
            client.sendmail("a@b.example", [address], smtp_client.on_the_wire(mail_of("served")))


def test_a_mail_that_is_on_its_way_keeps_its_place(directory: Path, config: str) -> None:
    few = f"{config}\n[sources.mail]\nconnections = 2\nconnections_of_address = 2\n"
    with serving(directory, few, *SMTP) as server, ExitStack() as stack:
        address = address_of(server, "b1g0")
        host, port = server.address("smtp").split(":")
        sending = stack.enter_context(connected(server.address("smtp")))
        sending.ehlo()
        sending.mail("a@b.example")
        sending.rcpt(address)
        assert sending.docmd("DATA")[0] == 354
        for source in ("127.0.0.2", "127.0.0.3", "127.0.0.4"):
            silent = socket.create_connection((host, int(port)), PATIENCE, (source, 0))
            assert stack.enter_context(silent).recv(100).startswith(b"220")
        assert sending.sock is not None
        sending.sock.sendall(smtp_client.on_the_wire(mail_of("slow")) + b"\r\n.\r\n")
        assert sending.getreply()[0] == 250


def test_mails_that_stop_in_the_middle_keep_no_other_address_out(
    directory: Path, config: str
) -> None:
    few = f"{config}\n[sources.mail]\nconnections = 6\nconnections_of_address = 3\n"
    with serving(directory, few, *SMTP) as server, ExitStack() as stack:
        address = address_of(server, "b1g0")

        def stopping(source: str) -> smtplib.SMTP:
            client = stack.enter_context(connected(server.address("smtp"), source))
            client.ehlo()
            client.mail("a@b.example")
            client.rcpt(address)
            assert client.docmd("DATA")[0] == 354
            client.send(b"Subject: half")
            return client

        halves = [stopping(source) for source in ("127.0.0.2", "127.0.0.3") for _ in range(3)]
        with connected(server.address("smtp")) as client:
            client.sendmail("a@b.example", [address], smtp_client.on_the_wire(mail_of("served")))
        # The oldest of one of them was asked to try again later; the others may go on.
        assert halves[0].getreply()[0] == 421
        for half in halves[1:]:
            half.send(b"\r\n\r\n.\r\n")
            assert half.getreply()[0] == 250
