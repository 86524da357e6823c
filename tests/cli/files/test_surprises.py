"""Commands say of a timer's weekdays by number that Unix cron reads otherwise, and servers do."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from cli.person import Person
from stand.apis.wire import send
from stand.tocsin_process import Tocsin, serving

DAYS = "day-of-week 1-5 is SUN-THU, as SUN is 1: for Unix cron's 1-5 write MON-FRI"
TIMER = """\
# a comment
name: mornings
rule:
  timer:
    cronExpression: 0 9 ? * 1-5 *
    invokeFunction: {functionId: f}
"""
CALM = TIMER.replace("1-5", "MON-FRI")


@pytest.fixture(scope="module")
def server() -> Iterator[Tocsin]:
    with tempfile.TemporaryDirectory() as made, serving(Path(made)) as tocsin:
        yield tocsin


def test_apply_notes_it_with_its_line_when_a_timer_is_written(person: Person) -> None:
    file = person.writes("a.yaml", TIMER)
    done = person.types("apply", "-f", file)
    assert (done.status, done.stderr) == (0, f"{file}:5: trigger mornings: {DAYS}\n")
    assert person.types("apply", "-f", file).stderr == ""
    more = person.writes("a.yaml", TIMER + "description: at nine\n")
    assert person.types("apply", "-f", more).stderr == ""
    person.gets("apply", "-f", person.writes("a.yaml", CALM))
    assert person.types("apply", "-f", file).stderr == ""
    file = person.writes("a.yaml", TIMER)
    assert person.types("apply", "-f", file).stderr == f"{file}:5: trigger mornings: {DAYS}\n"


def test_create_and_update_note_it(person: Person) -> None:
    created = person.types("triggers", "create", "-f", person.writes("a.yaml", TIMER))
    assert (created.status, created.stderr) == (0, f"{DAYS}\n")
    person.gets("triggers", "update", "mornings", "-f", person.writes("b.yaml", CALM))
    updated = person.types("triggers", "update", "mornings", "-f", person.writes("b.yaml", TIMER))
    assert (updated.status, updated.stderr) == (0, f"{DAYS}\n")


def test_an_edit_notes_it(person: Person) -> None:
    person.gets("triggers", "create", "-f", person.writes("a.yaml", CALM))
    editor = person.writes("editor", "#!/bin/sh\nsed -i s/MON-FRI/1-5/ $1\n")
    Path(editor).chmod(0o755)
    editing = person.with_variables(EDITOR=editor)
    done = editing.types("triggers", "edit", "mornings")
    assert (done.status, done.stderr) == (0, f"{DAYS}\n")


def test_the_header_has_it_when_a_timer_is_written_and_looked_ahead(
    server: Tocsin, folder: str
) -> None:
    def header(method: str, path: str, body: object = None) -> str | None:
        sent = b"" if body is None else json.dumps(body).encode()
        answer = send(server.http_address, method, path, sent)
        assert answer.status == 200, answer
        ids.append(answer.json.get("metadata", {}).get("triggerId"))
        return answer.headers.get("x-tocsin-lint")

    ids: list[str] = []
    timer = {"cronExpression": "0 9 ? * 1-5 *", "invokeFunction": {"functionId": "f"}}
    calm = {**timer, "cronExpression": "0 9 ? * MON-FRI *"}
    path = "/triggers/v1/triggers"
    body = {"folderId": folder, "name": "a-timer", "rule": {"timer": timer}}
    assert header("POST", path, body) == DAYS
    made = ids[-1]
    assert header("POST", path, {**body, "name": "calm", "rule": {"timer": calm}}) is None
    paused = {**body, "name": "paused"}
    assert header("POST", "/tocsin/v1/triggers:createPaused", paused) == DAYS
    assert header("GET", f"/tocsin/v1/triggers/{made}/nextFireTimes") == DAYS
    change = {"updateMask": "rule", "rule": {"timer": calm}}
    assert header("PATCH", f"{path}/{made}", change) is None
    assert header("GET", f"/tocsin/v1/triggers/{made}/nextFireTimes") is None
    change = {"updateMask": "rule", "rule": {"timer": timer}}
    assert header("PATCH", f"{path}/{made}", change) == DAYS
    assert header("PATCH", f"{path}/{made}", {"updateMask": "name", "name": "other"}) is None
    asked = quote("0 9 ? * 1-5 *")
    assert header("GET", f"/tocsin/v1/nextFireTimes?cronExpression={asked}") == DAYS


def test_a_server_that_applies_files_logs_it(tmp_path: Path) -> None:
    (tmp_path / "triggers").mkdir()
    file = tmp_path / "triggers" / "a.yaml"
    file.write_text(TIMER)
    options = ("--apply", str(file.parent), "--apply-folder", "b1gseeds")
    with serving(tmp_path, "", *options, http="off") as seeded:
        [line] = [each for each in seeded.log.read_text().splitlines() if DAYS in each]
    assert f"file={file}:5" in line
    assert "name=mornings" in line
