"""Strangers' text on a person's screen and in the lines of a log is shown, and does nothing."""

import io
import json
import re
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tocsin.cli.terminal.lines import one_line
from tocsin.cli.terminal.output import drawn, plain_lines
from tocsin.demo.client import Outcome
from tocsin.demo.screen import Screen
from tocsin.demo.target import Call
from tocsin.documents.writing import as_yaml
from tocsin.gate.audit import Audit, Audited
from tocsin.logs import ConsoleLines
from tocsin.printable import UNPRINTABLE, joins, printable, printable_json
from tocsin.schedule import SystemClock

SERVER = Path(__file__).parents[2] / "server" / "tocsin"

# Titles, colours, C1, direction, invisible, tags, line separators, half a character, markup.
ATTACKS = (
    "\x1b]0;title\x07 \x1b[2J \x9b31m \x85 \x7f \b\r\n\t \u202egnp.exe\u202c \u2066x\u2069 \u200f"
    " \u061c \ufeff \u00ad \u200b \u2060 \U000e0041 \u2028 \u2029 a\u200db \ud800 [red]x[/red] :x:"
)
NASTY = st.sampled_from(sorted(set(ATTACKS)))
TEXTS = st.text(st.one_of(st.characters(exclude_categories=()), NASTY))


def steering(text: str) -> list[str]:
    """Returns the characters of a text that a terminal or a reader of lines could obey."""
    return [
        character
        for at, character in enumerate(text)
        if unicodedata.category(character) in UNPRINTABLE
        and not (
            character in "\u200c\u200d"
            and joins(character, text[max(at - 1, 0) : at], text[at + 1 : at + 2])
        )
    ]


@given(TEXTS)
def test_nothing_that_steers_goes_out(text: str) -> None:
    assert steering(printable(text)) == []
    assert set(steering(printable(text, newlines=True))) <= {"\n"}
    assert printable(printable(text)) == printable(text)


@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_json_keeps_its_value(value: Any) -> None:
    for indent in (None, 2):
        text = printable_json(json.dumps(value, ensure_ascii=False, indent=indent))
        assert set(steering(text)) <= {"\n"}
        # Two halves that stand side by side are one character to a reader of JSON.
        assert json.loads(text) == json.loads(json.dumps(value))


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_yaml_keeps_its_value(value: dict[str, str]) -> None:
    text = as_yaml(value)
    assert set(steering(text)) <= {"\n"}
    assert yaml.safe_load(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "plain ASCII ~ `'\"\\",
        "Ünï çødé, e\u0301 and नमस्ते, สวัสดี, שלום, العربية",
        "日本語　の　文字 한국어 中文",
        "👩\u200d👩\u200d👧\u200d👦 👩🏽\u200d⚕️ 🏳️\u200d🌈 👨🏿\u200d🚀 🙂\u200d↔️ 🇩🇪 1️⃣",
        "می\u200cخواهم क्\u200dष ক্\u200cষ",  # noqa: RUF001
        "no-break\u00a0space, 1\u202f000",
        "\ue000",  # of a font of icons
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text
    assert printable_json(json.dumps(text, ensure_ascii=False)) == json.dumps(
        text, ensure_ascii=False
    )


def test_what_is_escaped_can_be_read() -> None:
    assert printable("\x1b]0;a\x07\n\t\x9b\u202e\U000e0041\ud800") == (
        r"\x1b]0;a\x07\n\t\x9b\u202e\U000e0041\ud800"
    )


SGR = re.compile(r"\x1b\[[0-9;]*m")


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1), st.integers(1, 200))
def test_a_table_is_rows_and_colours_alone(rows: list[tuple[str, str]], width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, highlight=False)
    with console.capture() as shown:
        console.print(drawn(("A", "B"), rows, lambda row, _: row[1], width), soft_wrap=True)
    assert set(steering(SGR.sub("", shown.get()))) <= {"\n"}
    assert len(shown.get().splitlines()) <= 1 + 2 * len(rows)
    lines = list(plain_lines([("A", "B"), *rows]))
    assert steering("".join(lines)) == []
    assert one_line(rows[0][0]) or lines[1].startswith("-")


@given(TEXTS, TEXTS)
def test_a_line_of_the_console_log_is_one_line(key: str, text: str) -> None:
    class Odd:
        def __repr__(self) -> str:
            return text

    event = {"event": text, "level": "info", f"_{key}": text, "of": {key: text}, "odd": Odd()}
    assert steering(str(ConsoleLines(colors=False)(None, "info", dict(event)))) == []
    coloured = str(ConsoleLines(colors=True)(None, "info", dict(event)))
    assert steering(SGR.sub("", coloured)) == []


# In a process of its own: what was configured stays with every logger that was used meanwhile.
LOG_TRACEBACKS = """
import json, logging, sys
import structlog
from tocsin.logs import configure_logs

configure_logs("console", "info")
text = json.load(sys.stdin)
try:
    raise ValueError(text)
except ValueError as error:
    structlog.get_logger().error("bad", exc_info=error)
    logging.getLogger("of.a.library").error("worse %s", text, exc_info=True, stack_info=True)
"""


def test_a_traceback_in_the_log_is_lines_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOG_TRACEBACKS],
        input=json.dumps(ATTACKS),
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(steering(done.stderr)) == {"\n"}
    assert r"\x1b]0;title\x07" in done.stderr


class Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)


@given(TEXTS)
def test_a_line_of_the_audit_log_is_one_line_that_steers_nothing(text: str) -> None:
    sink = Lines()
    Audit(sink, SystemClock()).tell(
        Audited(
            event="",
            method="m",
            subject=text,
            resources=[text],
            outcome=b"",
            request_id="r",
            peer=text,
        )
    )
    [line] = sink.lines
    assert steering(line) == []
    assert json.loads(line)["method"] == "m"


def test_the_demo_shows_what_it_is_called_with_and_does_nothing_of_it() -> None:
    screen_of = io.StringIO()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    screen = Screen(Console(file=screen_of, highlight=False, width=100), lambda: now)
    body = {"messages": [{"details": {ATTACKS: ATTACKS}}]}
    screen.called(Call(now, ATTACKS, ATTACKS, ATTACKS, body, now))
    screen.ended(ATTACKS, Outcome("FAILED", ATTACKS, {ATTACKS: ATTACKS}))
    screen.created(ATTACKS, now)
    screen.without_rest(ATTACKS)
    screen.called(Call(now, "function", "deep", "r", nested(900), now))
    said = screen_of.getvalue()
    assert set(steering(said)) == {"\n"}
    assert "[red]x[/red] :x:" in said


def nested(depth: int) -> Any:
    value: Any = ATTACKS
    for _ in range(depth):
        value = [value]
    return value


def test_no_module_of_the_commands_prints_past_the_one_that_escapes() -> None:
    printing = {
        str(module.relative_to(SERVER))
        for room in ("cli", "demo")
        for module in (SERVER / room).rglob("*.py")
        if re.search(
            r"\becho\(|(?<!\.)\bprint\(|sys\.std(out|err)\.write|\bConsole\(", module.read_text()
        )
    }
    assert printing == {
        "cli/refusal.py",
        "cli/serve.py",  # addresses, when it is ready
        "cli/terminal/lines.py",
        "cli/terminal/output.py",
    }
