"""What targets and other people wrote is shown by each command, and steers no terminal."""

import json
import unicodedata

import pytest

from cli.person import Person
from cli.triggers import create, path_of
from stand.recording_target import Answer, RecordingTarget
from tocsin.printable import UNPRINTABLE

CLEAR = "\x1b]0;owned\x07\x1b[2J"
EVIL = f"{CLEAR}\x9b31m\u202e\u2028\x7f [red]x[/red]"
SHOWN = r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2028\x7f [red]x[/red]"


@pytest.fixture
def evil(person: Person, target: RecordingTarget) -> str:
    """A trigger whose words, payload and answers are hostile; returns the ID of its invocation."""
    target.answers[path_of(person)] = lambda _: Answer(400, EVIL.encode())
    rule = json.dumps(
        {
            "timer": {
                "cronExpression": "0 3 31 1 ? 2098",
                "payload": EVIL,
                "invokeFunctionWithRetry": {"functionId": path_of(person)[1:]},
            }
        }
    )
    made = create(
        person,
        "evil",
        f"description: {json.dumps(EVIL)}\nrule: {rule}\n".replace("{", "{{").replace("}", "}}"),
    )
    done = person.types("triggers", "fire", "evil", "--wait", "-o", "json")
    [fired] = json.loads(done.stdout)
    assert fired["triggerId"] == made.id
    return str(fired["id"])


def steering(text: str) -> set[str]:
    return {each for each in text if unicodedata.category(each) in UNPRINTABLE} - {"\n"}


def test_views_show_it_escaped(person: Person, evil: str) -> None:
    for command in (
        ("triggers", "get", "evil"),
        ("triggers", "list"),
        ("invocations", "list"),
        ("invocations", "get", evil),
    ):
        plain = person.gets(*command)
        assert steering(plain) == set(), command
        if command != ("triggers", "list"):
            # In a row white space is a blank.
            assert (SHOWN if "get" in command else SHOWN[: SHOWN.index("\\u2028")]) in plain, (
                command
            )
        on_screen = person.sees(*command, columns=200)
        assert steering(on_screen) <= {"\x1b"}, command
        assert CLEAR[:4] not in on_screen
        assert "\x1b[2J" not in on_screen


def test_json_has_the_same_value_in_escapes(person: Person, evil: str) -> None:
    text = person.gets("invocations", "get", evil, "-o", "json")
    assert steering(text) == set()
    assert EVIL in json.loads(text)["lastError"]
    assert json.loads(person.gets("triggers", "get", "evil", "-o", "json"))["description"] == EVIL


def test_errors_show_it_escaped(person: Person) -> None:
    status, lines = person.is_refused("invocations", "get", f"a\n{EVIL}")
    assert status == 1
    assert steering("".join(lines)) == set()
    status, lines = person.is_refused(
        "triggers", "create", "-f", "-", stdin=json.dumps({"name": EVIL, EVIL: 1})
    )
    assert status == 2
    assert steering("".join(lines)) == set()
    assert all(line.startswith("tocsin: ") for line in lines)


def test_what_get_prints_is_read_again(person: Person, evil: str) -> None:
    """The rule as YAML is what `-f` reads, its escapes too."""
    shown = person.gets("triggers", "get", "evil")
    rule = shown[shown.index("\nrule") + 1 :].replace("rule", "    ", 1)
    lines = [line[4:] for line in rule.splitlines()]
    width = len(lines[0]) - len(lines[0].lstrip())
    again = "rule:\n" + "\n".join("  " + line[width:] for line in lines)
    made = json.loads(person.gets("triggers", "create", "-f", "-", "-o", "json", stdin=again))
    assert made["rule"]["timer"]["payload"] == EVIL
