"""People are told by mail, by a server that really sends them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from stand.apis.steering import MINUTE, QueueService, Steering
from stand.apis.tocsin import TocsinRest
from stand.recording_target import RecordingTarget
from stand.services.mail_server import PASSWORD, TAKEN, USER, MailServer
from stand.tocsin_process import run_tocsin, serving

EVERY_10 = "*/10 * * * ? *"
MANUAL = ("--clock", "manual", "--clock-start", "2026-03-01T12:00:30Z")


@pytest.fixture(scope="module")
def target() -> Iterator[RecordingTarget]:
    target = RecordingTarget()
    yield target
    target.close()


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    server = MailServer(login=True)
    yield server
    server.close()


@pytest.fixture(scope="module")
def config(
    target: RecordingTarget, mails: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> str:
    password = tmp_path_factory.mktemp("secret") / "password"
    password.write_text(f"{PASSWORD}\n")
    return f"""
        [targets]
        function = "{target.url}/{{function_id}}"
        [notify.mail]
        host = "127.0.0.1"
        port = {mails.port}
        security = "off"
        username = "{USER}"
        password_file = "{password}"
        sender = "tocsin@example.com"
        [notify.receivers.people]
        mail = ["ops@example.com", "dev@example.com"]
        folders = ["*"]
    """


@pytest.fixture(scope="module")
def started(
    config: str, target: RecordingTarget, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Steering]:
    queues = QueueService()
    with serving(tmp_path_factory.mktemp("mails"), config, *MANUAL) as tocsin:
        yield Steering(tocsin, TocsinRest(tocsin.http_address), target, queues, "")
    queues.close()


@pytest.fixture
def here(started: Steering, mails: MailServer, folder: str) -> Iterator[Steering]:
    mails.mails.clear()
    mails.answer = lambda: TAKEN
    yield Steering(started.server, started.api, started.target, started.queues, folder)
    started.target.answers.clear()


def test_a_mail_says_what_failed_where_when_and_what_to_do(
    here: Steering, mails: MailServer
) -> None:
    here.answer(500)
    hour = here.next_hour()
    trigger = here.timer(EVERY_10, name="report", retries=2)
    here.advance(15 * MINUTE)
    here.tick_no_more(trigger)
    [mail] = mails.parsed()
    assert mails.mails[0].rcpt_tos == ["ops@example.com", "dev@example.com"]
    assert mail["Subject"] == "Tocsin: report failed"
    [failed] = here.invocations(triggerId=trigger)
    content = mail.get_content()
    assert content.startswith("report failed.")
    due = hour + timedelta(minutes=10)
    for said in (
        f"Trigger:     {trigger}",
        f"Folder:      {here.folder}",
        f"Target:      function/{here.folder}",
        f"Scheduled:   {due:%Y-%m-%d %H:%M:%S} UTC",
        "Calls:       3",
        f"> {here.target.url}/{here.folder} answered 500: so it is",
        f"    tocsin invocations get {failed['id']}",
    ):
        assert said in content.splitlines()
    # The command is one that works.
    shown = run_tocsin("invocations", "get", failed["id"], "--server", here.server.grpc_address)
    assert "answered 500" in shown.stdout


def test_a_mail_that_is_not_taken_is_tried_again_under_its_id(
    here: Steering, mails: MailServer
) -> None:
    tried: list[int] = []

    def busy() -> str:
        tried.append(1)
        return "451 try again" if len(tried) < 3 else TAKEN

    mails.answer = busy
    here.answer(500)
    here.next_hour()
    trigger = here.timer(EVERY_10, name="busy")
    here.advance(10 * MINUTE)
    here.tick_no_more(trigger)
    here.advance(5 * MINUTE)
    [mail] = mails.parsed()
    [shown] = here.invocations(triggerId=f"notice-{trigger}")
    assert (shown["state"], shown["attemptCount"]) == ("STATE_SUCCEEDED", 3)
    assert shown["originName"] == "notice of busy"
    assert mail["Message-ID"] == f"<{shown['id']}@example.com>"
    tries = here.invocation(shown["id"])["attempts"]
    assert [one.get("error", "").rpartition(" answered ")[2] for one in tries] == [
        "451 try again",
        "451 try again",
        "",
    ]
    assert here.invocations(triggerId=f"notice-notice-{trigger}") == []


def test_a_password_file_that_is_not_there_refuses_the_start(config: str, tmp_path: Path) -> None:
    (tmp_path / "tocsin.toml").write_text(config.replace('/password"', '/none"'))
    ended = run_tocsin("serve", "--config", str(tmp_path / "tocsin.toml"))
    assert ended.status != 0
    assert "notify.mail.password_file" in ended.stderr
    assert "can't be read: No such file" in ended.stderr
