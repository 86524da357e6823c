"""`tocsin serve --apply DIR` applies the triggers of files before it answers."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from cli.person import Person
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import Tocsin, run_tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

NIGHTLY = """\
name: nightly
status: PAUSED
rule: {timer: {cronExpression: "* * * * ? *", invokeFunction: {functionId: f}}}
"""
MAILS = "name: mails\nrule: {mail: {invokeFunction: {functionId: f}}}\n"
WITHIN = ("--apply-folder", "b1gseeds")


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        (Path(made) / "triggers").mkdir()
        yield Path(made)


def files(directory: Path) -> Path:
    return directory / "triggers"


def seeded(directory: Path, *options: str) -> list[str]:
    return ["--apply", str(files(directory)), *WITHIN, *options]


def triggers_of(server: Tocsin, directory: Path) -> dict[str, Trigger]:
    person = Person(server.grpc_address, "b1gseeds", directory)
    return {each.name: each for each in person.reads_list(Trigger, "triggers", "list")}


def test_triggers_are_there_when_the_server_answers_and_stay_as_they_are(directory: Path) -> None:
    (files(directory) / "a.yaml").write_text(NIGHTLY + "---\n" + MAILS)
    with serving(directory, "", *seeded(directory), http="off") as server:
        first = triggers_of(server, directory)
    assert first["nightly"].status == Trigger.PAUSED
    assert first["mails"].rule.mail.email
    with serving(directory, "", *seeded(directory), http="off") as server:
        assert triggers_of(server, directory) == first
    assert "applied the triggers of files changed=0 created=0 unchanged=2" in server.log.read_text()


def test_changes_are_made_and_nothing_is_deleted(directory: Path) -> None:
    (files(directory) / "a.yaml").write_text(NIGHTLY + "---\n" + MAILS)
    with serving(directory, "", *seeded(directory), http="off") as server:
        first = triggers_of(server, directory)
    (files(directory) / "a.yaml").write_text(MAILS + "description: new\n")
    with serving(directory, "", *seeded(directory), http="off") as server:
        second = triggers_of(server, directory)
    assert second["nightly"] == first["nightly"]
    assert second["mails"].description == "new"
    assert second["mails"].id == first["mails"].id


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (MAILS.replace("mails", "Mails"), ":1: name: Field does not match"),
        ("name: 'x", ":1: found unexpected end of stream"),
        ("kind: Schedule\nname: abc\n", ":1: kind: only triggers are applied at a start"),
        (NIGHTLY.replace("* * * *", "61 * * *"), ":3: rule.timer.cron_expression: "),
    ],
)
def test_a_broken_file_refuses_the_start_with_its_line(
    directory: Path, text: str, told: str
) -> None:
    (files(directory) / "a.yaml").write_text(text)
    database = f"sqlite:///{directory}/tocsin.db"
    done = run_tocsin("serve", "--database", database, *seeded(directory))
    assert (done.status, done.stdout) == (1, "")
    assert f"{files(directory)}/a.yaml{told}" in done.stderr
    assert not (directory / "tocsin.db").exists()


def test_settings_beside_the_directory_are_found_and_named(directory: Path) -> None:
    (files(directory) / "a.yaml").write_text(MAILS)
    (directory / "tocsin.toml").write_text('http = "of"\n')
    done = run_tocsin("serve", *seeded(directory))
    assert done.status == 1
    assert "http" in done.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (directory / "tocsin.toml").write_text(
            f'listen = "127.0.0.1:{taken.getsockname()[1]}"\nhttp = "off"\n'
            f'database = "sqlite:///{directory}/other.db"\n'
        )
        done = run_tocsin("serve", *seeded(directory))
    assert done.status == 1
    assert f"settings read file={directory}/tocsin.toml" in done.stderr.splitlines()[0]
    assert (directory / "other.db").exists()


def test_nodes_that_start_together_make_each_trigger_once(
    directory: Path, postgres: PostgresServer
) -> None:
    several = [MAILS.replace("mails", f"mails-{number}") for number in range(40)]
    (files(directory) / "a.yaml").write_text("---\n".join(several))
    database = postgres.new_database()
    logs = []

    def run(number: int) -> None:
        own = directory / str(number)
        own.mkdir()
        options = seeded(directory, "--database", database)
        with serving(own, "", *options, http="off") as server:
            assert len(triggers_of(server, own)) == 40
        logs.append(server.log.read_text())

    nodes = [Thread(target=run, args=(number,)) for number in range(3)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert len(logs) == 3
    made = [log for log in logs if "created=40" in log]
    assert len(made) == 1
    assert sum("created=0 unchanged=40" in log for log in logs) == 2
