"""Mails to the address of a trigger fire it, over SMTP."""

import re
import smtplib
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stand.apis.events import RestEvents
from stand.apis.triggers import RestApi, changed, create
from stand.apis.wire import Json
from stand.recording_target import RecordingTarget
from stand.services import smtp_client
from stand.services.smtp_client import SENDER, connected, mail_of, on_the_wire
from stand.tocsin_process import Tocsin, run_tocsin, serve_command, serving

MAX_BYTES = 300_000
CONNECTIONS = 4
ADDRESS = re.compile(r"[0-9a-v]{20}-[0-9a-f]{8}@serverless\.yandexcloud\.net")
RECEIVED_AT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})? \+0000 UTC m=\+\d+\.\d{9}")


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def s3(storage: str) -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("s3", endpoint_url=storage, region_name="ru-central1", **keys)


@pytest.fixture(scope="module")
def mail_config(config: str, storage: str) -> str:
    return f"""
        {config}

        [sources.mail]
        max_bytes = {MAX_BYTES}
        connections = {CONNECTIONS}
        s3_endpoint = "{storage}"
        s3_access_key_id = "a"
        s3_secret_access_key = "b"
    """


@pytest.fixture(scope="module")
def tocsin(mail_config: str) -> Iterator[Tocsin]:
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), mail_config, "--smtp", "127.0.0.1:0") as server,
    ):
        yield server


@pytest.fixture
def door(tocsin: Tocsin) -> str:
    return tocsin.address("smtp")


@pytest.fixture
def api(tocsin: Tocsin) -> RestApi:
    return RestApi(tocsin.http_address)


@pytest.fixture
def mine() -> str:
    """The id of a function, or the name of a bucket, that no other test knows."""
    return f"x{uuid.uuid4().hex[:15]}"


def mail_trigger(api: RestApi, folder: str, mine: str, **fields: Any) -> Json:
    """Creates a trigger; returns it."""
    rule = {"invokeFunction": {"functionId": mine}, **fields}
    return create(api, folder, rule={"mail": rule})


def address_of(trigger: Json) -> str:
    found: str = trigger["rule"]["mail"]["email"]
    return found


def messages_of(target: RecordingTarget, function_id: str, count: int = 1) -> list[Json]:
    """The mails that came to a function, one a call."""
    calls = target.wait_for(lambda call: call.path == f"/functions/{function_id}", count)
    return [message for call in calls for message in call.json["messages"]]


def values(message: Json, name: str) -> list[str]:
    found = [each["values"] for each in message["headers"] if each["name"] == name]
    return [value for each in found for value in each]


def test_the_address_is_assigned_at_create_and_stays(api: RestApi, folder: str, mine: str) -> None:
    trigger = mail_trigger(api, folder, mine, email="mine@example.com")
    address = address_of(trigger)
    assert ADDRESS.fullmatch(address)
    assert address.startswith(trigger["id"])
    rule = {"mail": {"email": "other@example.com", "invokeFunction": {"functionId": mine}}}
    update = {"triggerId": trigger["id"], "updateMask": "rule", "rule": rule}
    assert address_of(changed(api, "Update", update)) == address


def test_a_mail_is_delivered_as_the_vendor_does(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    content = (
        b"Received: from a.example\r\n by b.example; Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        b"subject: Report\r\n"
        b"From: Sender\r\n\t<sender@example.com>\r\n"
        b"X-Tag: one\r\nX-Tag: two\r\n"
        b"MIME-version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
        b"\r\n<div>text</div>\r\n"
    )
    smtp_client.send(door, content, address)
    [message] = messages_of(target, mine)
    assert list(message) == ["received_at", "headers", "message"]
    assert RECEIVED_AT.fullmatch(message["received_at"])
    first, *others = message["headers"]
    assert first["name"] == "Received"
    ours, theirs = first["values"]
    assert re.fullmatch(
        r"from client\.test \(\[127\.0\.0\.1\]\) by serverless\.yandexcloud\.net \(Tocsin\) "
        rf"with SMTP for <{re.escape(address)}>; .* \+0000 \(UTC\)",
        ours,
    )
    assert theirs == "from a.example by b.example; Sat, 21 Nov 2026 10:00:00 +0000"
    assert others == [
        {"name": "Subject", "values": ["Report"]},
        {"name": "From", "values": ["Sender <sender@example.com>"]},
        {"name": "X-Tag", "values": ["one", "two"]},
        {"name": "Mime-Version", "values": ["1.0"]},
        {"name": "Content-Type", "values": ["text/html; charset=utf-8"]},
    ]
    assert message["message"] == "<div>text</div>\r\n"


def test_one_mail_fires_each_trigger_that_it_is_addressed_to(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    addresses = [address_of(mail_trigger(api, folder, f"{mine}-{each}")) for each in "ab"]
    # Case means nothing here, and one that is named twice is one.
    recipients = [addresses[0].upper(), addresses[1], addresses[1]]
    smtp_client.send(door, mail_of("to both"), *recipients)
    for each in "ab":
        [message] = messages_of(target, f"{mine}-{each}")
        assert values(message, "Subject") == ["to both"]


def test_an_unknown_address_is_refused_before_the_mail_is_sent(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    trigger = mail_trigger(api, folder, mine)
    address = address_of(trigger)
    with connected(door) as client:
        client.ehlo()
        assert client.mail(SENDER)[0] == 250
        for other in (f"x{address}", "nobody@example.com", address.replace("@", "@mail.")):
            assert client.rcpt(other) == (550, b"5.1.1 no trigger has this address")
        client.command_encoding = "latin-1"
        for other in ("пример@example.com".encode().decode("latin-1"), "\xff@example.com"):
            assert client.rcpt(other) == (550, b"5.1.1 no trigger has this address")
        assert client.rcpt(address)[0] == 250
        assert client.data(on_the_wire(mail_of("kept")))[0] == 250
    assert values(messages_of(target, mine)[0], "Subject") == ["kept"]
    api.call("Delete", {"triggerId": trigger["id"]})
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        smtp_client.send(door, mail_of("late"), address)


def test_a_mail_of_nobody_is_taken(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    """So reports of undelivered mail are sent: RFC 5321, section 4.5.5."""
    address = address_of(mail_trigger(api, folder, mine))
    with connected(door) as client:
        client.sendmail("", [address], on_the_wire(mail_of("bounced")))
    assert values(messages_of(target, mine)[0], "Subject") == ["bounced"]


def test_a_mail_that_is_too_large_is_refused(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    large = mail_of("large", "0123456789\n" * (MAX_BYTES // 11))
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:  # by its SIZE
        smtp_client.send(door, large, address)
    assert refused.value.smtp_code == 552
    with connected(door) as client:
        client.helo()  # as one who tells no size
        client.mail(SENDER)
        client.rcpt(address)
        assert client.data(on_the_wire(large))[0] == 552
        client.mail(SENDER)
        client.rcpt(address)
        assert client.data(on_the_wire(mail_of("small")))[0] == 250
    assert values(messages_of(target, mine)[0], "Subject") == ["small"]


def test_lines_of_any_length_are_taken_up_to_the_largest_mail(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    """The server reads a line in fragments, which may end before a CR, after it, or at a dot."""
    address = address_of(mail_trigger(api, folder, mine))
    lengths = [*range(995, 1010), 3000, MAX_BYTES // 2]
    lines = ["." + "x." * (length // 2) + "x" * (length % 2) for length in lengths]
    text = "\r\n".join(lines) + "\r\n"
    smtp_client.send(door, b"Subject: long\r\n\r\n" + text.encode(), address)
    assert messages_of(target, mine)[0]["message"] == text


def test_the_next_mail_on_a_connection_is_its_own(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    """The commands of the second come in one write with the end of the first."""
    address = address_of(mail_trigger(api, folder, mine))
    with connected(door) as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(address)
        assert client.docmd("DATA")[0] == 354
        assert client.sock is not None
        last = f"Subject: one\r\n\r\n{'x' * 5000}\r\n.\r\nMAIL FROM:<{SENDER}>\r\n"
        client.sock.sendall(last.encode())
        assert [client.getreply()[0] for _ in range(2)] == [250, 250]
        assert client.docmd("DATA")[0] == 503
        assert client.rcpt(address)[0] == 250
        assert client.docmd("DATA", "now")[0] == 501
        assert client.data(b"Subject: two\r\n\r\n")[0] == 250
    got = messages_of(target, mine, 2)
    assert sorted(values(each, "Subject") for each in got) == [["one"], ["two"]]


def test_texts_after_attachments_are_in_the_message_without_a_bucket_too(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    mail = mail_of("between", "before\n")
    mail.add_attachment(b"PDF", maintype="application", subtype="pdf", filename="offer.pdf")
    mail.add_attachment("after\n", disposition="inline")
    smtp_client.send(door, mail, address)
    assert messages_of(target, mine)[0]["message"] == "before\r\nafter\r\n"


def test_headers_in_latin_1_are_read(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    smtp_client.send(door, "Subject: niño\r\n\r\nhello\r\n".encode("latin-1"), address)
    assert values(messages_of(target, mine)[0], "Subject") == ["niño"]


def test_a_line_without_an_end_is_cut_off(
    api: RestApi, tocsin: Tocsin, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    with connected(door) as client:
        client.helo()
        client.mail(SENDER)
        client.rcpt(address)
        client.docmd("DATA")
        assert client.sock is not None
        with pytest.raises(ConnectionError):
            client.sock.sendall(b"x" * 64 * 1024 * 1024)
        client.close()


def test_a_mail_that_would_be_long_in_reading_is_refused(
    api: RestApi, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (each, each)
        for each in range(1000)
    )
    with pytest.raises(smtplib.SMTPDataError) as refused:
        smtp_client.send(door, nested, address)
    assert refused.value.smtp_code == 554
    assert b"nests too many parts" in bytes(refused.value.smtp_error)


def test_a_charset_fails_no_mail(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    """A mail that fails stays with its sender, who brings it again for days."""
    address = address_of(mail_trigger(api, folder, mine))
    names = ("punycode", "idna", "undefined", "no-such", "utf-8\0")
    for name in names:
        smtp_client.send(
            door, f"Content-Type: text/plain; charset={name}\r\n\r\ncafé -w".encode(), address
        )
    got = messages_of(target, mine, len(names))
    assert [each["message"].strip() for each in got] == ["café -w"] * len(names)


@pytest.mark.parametrize(
    "command", ["HELO a%sb", "EHLO a%sb", "MAIL FROM:<a%sb@c>", "RCPT TO:<a%sb@c>"]
)
def test_a_command_with_a_control_character_is_refused(door: str, command: str) -> None:
    with connected(door) as client:
        if not command.startswith(("HELO", "EHLO")):
            client.helo()
        if command.startswith("RCPT"):
            client.mail(SENDER)
        assert client.sock is not None
        for character in "\r\0\t\x1b":
            client.sock.sendall(f"{command % character}\r\n".encode())
            assert client.getreply()[0] == 501
        assert client.helo()[0] == 250


def test_a_mail_with_a_bare_cr_is_refused(api: RestApi, door: str, folder: str, mine: str) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    with connected(door) as client:
        client.helo()
        client.mail(SENDER)
        client.rcpt(address)
        client.docmd("DATA")
        assert client.sock is not None
        client.sock.sendall(b"Subject: a\r.\rMAIL FROM:<b@c>\r\n\r\ntext\r\n.\r\n")
        assert client.getreply()[0] == 554


def test_one_connection_too_many_is_asked_to_come_again(tocsin: Tocsin, door: str) -> None:
    host, _, port = door.rpartition(":")
    held = [socket.create_connection((host, int(port))) for _ in range(CONNECTIONS)]
    try:
        assert all(each.recv(100).startswith(b"220 ") for each in held)
        with pytest.raises(smtplib.SMTPConnectError) as refused, connected(door):
            pass
        assert refused.value.smtp_code == 421
    finally:
        for each in held:
            each.close()
    eventually(lambda: greeting(door).startswith(b"220 "))


def greeting(door: str) -> bytes:
    host, _, port = door.rpartition(":")
    with socket.create_connection((host, int(port))) as client:
        return client.recv(100)


def eventually(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def with_attachments(subject: str) -> Any:
    mail = mail_of(subject, "see the report\n")
    mail.add_alternative("<p>see the report</p>\n", subtype="html")
    mail.add_attachment(b"\x00\x01PDF", maintype="application", subtype="pdf", filename="отчёт.pdf")
    mail.add_attachment("a,b\n", subtype="csv", filename="../../table.csv")
    return mail


def test_attachments_are_put_into_the_bucket(
    api: RestApi, target: RecordingTarget, storage: str, door: str, folder: str, mine: str
) -> None:
    s3(storage).create_bucket(
        Bucket=mine, CreateBucketConfiguration={"LocationConstraint": "ru-central1"}
    )
    bucket = {"attachmentsBucket": {"bucketId": mine, "serviceAccountId": "a"}}
    address = address_of(mail_trigger(api, folder, mine, **bucket))
    smtp_client.send(door, with_attachments("Report"), address)
    [message] = messages_of(target, mine)
    assert list(message) == ["received_at", "headers", "attachments", "message"]
    assert message["message"] == "<p>see the report</p>\r\n"
    assert message["attachments"]["bucket_id"] == mine
    keys = message["attachments"]["keys"]
    assert [key.rpartition("/")[2] for key in keys] == ["1-отчёт.pdf", "2-_.._table.csv"]
    assert {key.partition("/")[0] for key in keys} == {address.partition("@")[0]}
    stored = [s3(storage).get_object(Bucket=mine, Key=key) for key in keys]
    assert [each["Body"].read() for each in stored] == [b"\x00\x01PDF", b"a,b\r\n"]
    assert [each["ContentType"] for each in stored] == ["application/pdf", "text/csv"]


def test_without_a_bucket_attachments_are_not_delivered(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    smtp_client.send(door, with_attachments("Report"), address)
    [message] = messages_of(target, mine)
    assert list(message) == ["received_at", "headers", "message"]


def test_a_mail_whose_attachments_have_no_bucket_is_put_off(
    api: RestApi, target: RecordingTarget, storage: str, door: str, folder: str, mine: str
) -> None:
    bucket = {"attachmentsBucket": {"bucketId": mine, "serviceAccountId": "a"}}
    address = address_of(mail_trigger(api, folder, mine, **bucket))
    mail = with_attachments("Report")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        smtp_client.send(door, mail, address)
    assert refused.value.smtp_code == 451
    s3(storage).create_bucket(
        Bucket=mine, CreateBucketConfiguration={"LocationConstraint": "ru-central1"}
    )
    smtp_client.send(door, mail, address)
    assert len(messages_of(target, mine)) == 1


def test_mails_are_batched(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    batch = {"batchSettings": {"size": "3", "cutoff": "60s"}}
    address = address_of(mail_trigger(api, folder, mine, **batch))
    for number in range(3):
        smtp_client.send(door, mail_of(f"mail {number}"), address)
    [call] = target.wait_for(lambda call: call.path == f"/functions/{mine}")
    subjects = [values(message, "Subject") for message in call.json["messages"]]
    assert subjects == [["mail 0"], ["mail 1"], ["mail 2"]]


def test_a_mail_that_is_sent_again_is_the_same_mail(
    api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    address = address_of(mail_trigger(api, folder, mine))
    mail = mail_of("once")
    for each in (mail, mail, mail_of("last")):
        smtp_client.send(door, each, address)
    # Without an id two equal mails may well be two.
    for _ in range(2):
        smtp_client.send(door, b"Subject: bare\r\n\r\nsame\r\n", address)
    subjects = [values(message, "Subject") for message in messages_of(target, mine, 4)]
    assert sorted(subjects) == [["bare"], ["bare"], ["last"], ["once"]]


def test_what_comes_in_a_pause_is_lost_and_counted(
    tocsin: Tocsin, api: RestApi, target: RecordingTarget, door: str, folder: str, mine: str
) -> None:
    trigger = mail_trigger(api, folder, mine)
    changed(api, "Pause", {"triggerId": trigger["id"]})
    smtp_client.send(door, mail_of("lost"), address_of(trigger))
    changed(api, "Resume", {"triggerId": trigger["id"]})
    smtp_client.send(door, mail_of("kept"), address_of(trigger))
    [message] = messages_of(target, mine)
    assert values(message, "Subject") == ["kept"]
    intake = RestEvents(tocsin.http_address).call("GetIntake", {"triggerId": trigger["id"]})
    assert intake["lostEvents"] == "1"


def send_until_killed(door: str, address: str, first: int, answered: list[str]) -> None:
    """Sends mails until the server is gone, and writes down which were answered."""
    number = first
    try:
        with connected(door) as client:
            while True:
                subject = f"mail {number}"
                client.sendmail(SENDER, [address], on_the_wire(mail_of(subject)))
                answered.append(subject)
                number += 1
    except (smtplib.SMTPException, OSError):
        return


def test_no_answered_mail_is_lost_by_kill_9(
    directory: Path, mail_config: str, target: RecordingTarget, folder: str, mine: str
) -> None:
    answered: list[str] = []
    address = ""
    for number in range(3):
        with serving(directory, mail_config, "--smtp", "127.0.0.1:0") as server:
            if number == 0:
                batch = {"batchSettings": {"size": "7", "cutoff": "1s"}}
                api = RestApi(server.http_address)
                address = address_of(mail_trigger(api, folder, mine, **batch))
            arguments = (server.address("smtp"), address, 1_000_000 * number, answered)
            sending = threading.Thread(target=send_until_killed, args=arguments)
            sending.start()
            target_of_round = len(answered) + 20
            eventually(lambda least=target_of_round: len(answered) >= least)  # type: ignore[misc]
            server.kill()
            sending.join()
    with serving(directory, mail_config, http="off"):

        def delivered() -> list[str]:
            calls = target.all(lambda call: call.path == f"/functions/{mine}")
            bodies = {call.headers["x-request-id"]: call.json["messages"] for call in calls}
            messages = [message for body in bodies.values() for message in body]
            return [value for message in messages for value in values(message, "Subject")]

        eventually(lambda: set(answered) <= set(delivered()))
        assert len(delivered()) == len(set(delivered()))


def test_it_stops_with_connections_open(directory: Path, mail_config: str) -> None:
    with (
        serving(directory, mail_config, "--smtp", "127.0.0.1:0", http="off") as server,
        connected(server.address("smtp")) as client,
    ):
        client.ehlo()
        assert server.stop() == 0
        assert client.sock is not None
        assert client.sock.recv(100).startswith(b"421 ")
        client.close()


def test_it_does_not_listen_for_others_unless_told(directory: Path) -> None:
    command = serve_command(directory, "", "--smtp", "0.0.0.0:0", http="off")
    ended = run_tocsin(*command[1:])
    assert (ended.status, ended.stdout) == (1, "")
    assert "--smtp 0.0.0.0 can be reached from other machines" in ended.stderr


def test_a_port_that_is_taken_is_told(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run_tocsin(*serve_command(directory, "", "--smtp", address, http="off")[1:])
    assert (ended.status, ended.stdout) == (1, "")
    assert f"SMTP can't listen on {address}" in ended.stderr
    assert "Traceback" not in ended.stderr
