"""Triggers from options, in an editor, and several at once."""

import json
import shutil
from pathlib import Path

import pytest

from cli.person import Person
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

CRON = "0 3 ? * * *"


def made(person: Person, name: str, *more: str) -> Trigger:
    options = ("--cron", CRON, "--function", "d4e1", *more)
    return person.reads(Trigger, "triggers", "create", name, *options)


def got(person: Person, name: str) -> Trigger:
    return person.reads(Trigger, "triggers", "get", name)


def editing(person: Person, *scripts: str) -> Person:
    """The same person, whose editor runs one script of Python after the other on `text`."""
    program = person.writes(
        "editor.py",
        "import pathlib, sys\n"
        f"scripts = {list(scripts)!r}\n"
        "count = pathlib.Path(__file__).with_suffix('.count')\n"
        "turn = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(turn + 1))\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "text = file.read_text()\n"
        "pathlib.Path(__file__).with_suffix(f'.saw{turn}').write_text(text)\n"
        "scope = {'text': text}\n"
        "exec(scripts[turn], scope)\n"
        "file.write_text(scope['text'])\n",
    )
    return person.with_variables(EDITOR=f"python3 {program}")


def saw(person: Person, turn: int) -> str:
    return (person.directory / f"editor.saw{turn}").read_text()


def test_a_timer_is_made_from_options(person: Person) -> None:
    trigger = made(person, "nightly", "--payload", "hi")
    assert trigger.rule.timer.cron_expression == CRON
    assert trigger.rule.timer.payload == "hi"
    assert trigger.rule.timer.invoke_function_with_retry.function_id == "d4e1"
    options = ("--cron", CRON, "--container", "bba1", "--paused")
    other = person.reads(Trigger, "triggers", "create", "other", *options)
    assert other.rule.timer.invoke_container_with_retry.container_id == "bba1"
    assert other.status == Trigger.PAUSED


def test_a_file_can_make_a_paused_trigger_and_get_writes_such_a_file(person: Person) -> None:
    made(person, "nightly", "--paused")
    document = person.gets("triggers", "get", "nightly", "-o", "yaml")
    assert document.endswith("status: PAUSED\n")
    person.gets("triggers", "delete", "nightly")
    again = person.reads(Trigger, "triggers", "create", "-f", "-", stdin=document)
    assert (again.name, again.status) == ("nightly", Trigger.PAUSED)


def test_several_triggers_are_paused_resumed_and_deleted_at_once(person: Person) -> None:
    names = [f"timer-{number}" for number in range(3)]
    for name in names:
        made(person, name)
    assert len(person.gets("triggers", "pause", *names, names[0]).splitlines()) == 3
    resumed = json.loads(person.gets("triggers", "resume", *names[:2], "-o", "json"))
    assert [each["status"] for each in resumed] == ["ACTIVE", "ACTIVE"]
    assert person.is_refused("triggers", "delete", *names) == (
        1,
        ["tocsin: Delete 3 triggers? Give --yes if you are sure"],
    )
    person.gets("triggers", "delete", *names, "--yes")
    assert person.reads_list(Trigger, "triggers", "list") == []


def test_if_one_of_several_does_not_exist_none_is_changed(person: Person) -> None:
    made(person, "nightly")
    code, [line] = person.is_refused("triggers", "pause", "nightly", "missing")
    assert (code, "has no trigger named missing" in line) == (1, True)
    assert got(person, "nightly").status == Trigger.ACTIVE


def test_an_editor_changes_a_trigger_and_pauses_it(person: Person) -> None:
    before = made(person, "nightly")
    change = "text = text.replace('0 3', '0 4') + 'status: PAUSED\\n'"
    editing(person, change).gets("triggers", "edit", "nightly")
    after = got(person, "nightly")
    assert after.id == before.id
    assert (after.rule.timer.cron_expression, after.status) == ("0 4 ? * * *", Trigger.PAUSED)
    assert saw(person, 0).startswith("name: nightly\n")


def test_what_is_wrong_comes_back_as_comments_at_its_lines(person: Person) -> None:
    made(person, "nightly")
    editor = editing(
        person,
        "text = text.replace('0 3 ?', '0 33 ?') + 'colour: red\\n'",
        "text = text.replace('0 33 ?', '0 5 ?').replace('colour: red\\n', '')",
    )
    editor.gets("triggers", "edit", "nightly")
    lines = saw(person, 1).splitlines()
    at = next(index for index, line in enumerate(lines) if "0 33" in line)
    assert lines[at - 1].startswith("#! rule.timer.cron_expression: hours: 33 is out of range")
    assert lines[-2].startswith("#! colour: unknown field")
    assert got(person, "nightly").rule.timer.cron_expression == "0 5 ? * * *"


@pytest.mark.parametrize("script", ["pass", "text = '#! my own\\n' + text", "text = text + '\\n'"])
def test_a_file_that_says_the_same_changes_nothing(person: Person, script: str) -> None:
    before = made(person, "nightly")
    done = editing(person, script).types("triggers", "edit", "nightly")
    assert (done.status, done.stderr) == (0, "nothing was changed\n")
    assert got(person, "nightly") == before


def test_errors_that_are_left_as_they_are_end_the_edit(person: Person) -> None:
    before = made(person, "nightly")
    done = editing(person, "text += 'colour: red\\n'", "pass").types("triggers", "edit", "nightly")
    *told, last, kept = done.stderr.splitlines()
    assert (done.status, last) == (1, "tocsin: nothing was changed")
    assert any("colour: unknown field" in line for line in told)
    file = Path(kept.removeprefix("what you wrote is in "))
    assert "colour: red" in file.read_text()
    shutil.rmtree(file.parent)
    assert got(person, "nightly") == before


def test_a_file_that_the_editor_removed_changes_nothing(person: Person) -> None:
    before = made(person, "nightly")
    program = person.writes("editor.py", "import os, sys\nos.remove(sys.argv[1])\n")
    editor = person.with_variables(EDITOR=f"python3 {program}")
    code, [line] = editor.is_refused("triggers", "edit", "nightly")
    assert (code, "No such file or directory: nothing was changed" in line) == (1, True)
    assert got(person, "nightly") == before


def test_an_editor_can_rename_a_trigger(person: Person) -> None:
    before = made(person, "nightly")
    editing(person, "text = text.replace('nightly', 'renamed')").gets("triggers", "edit", "nightly")
    assert got(person, "renamed").id == before.id


@pytest.mark.parametrize(
    ("editor", "told"),
    [("", "no editor is set"), ("missing-editor", "missing-editor: "), ("false", "ended with 1")],
)
def test_an_editor_that_can_not_be_used_changes_nothing(
    person: Person, editor: str, told: str
) -> None:
    made(person, "nightly")
    code, [line] = person.with_variables(EDITOR=editor).is_refused("triggers", "edit", "nightly")
    assert (code, told in line) == (1, True)
