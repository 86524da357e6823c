"""How the demo shows JSON."""

import json

from tocsin.demo.layout import LONGEST_TEXT, MOST_LINES, laid_out


def test_stays_on_one_line_where_it_fits() -> None:
    assert laid_out({"a": [1, None], "b": "ü"}, 40) == ['{"a": [1, null], "b": "ü"}']


def test_opens_only_what_does_not_fit() -> None:
    assert laid_out({"wide": {"a": 1, "b": 2}, "list": [1, 2]}, 24) == [
        "{",
        '  "wide": {',
        '    "a": 1,',
        '    "b": 2',
        "  },",
        '  "list": [1, 2]',
        "}",
    ]


def test_is_still_json() -> None:
    value = {"messages": [{"details": {"payload": "x" * 30}}, [], {}, "plain"], "n": 1.5}
    assert json.loads("\n".join(laid_out(value, 20))) == value


def test_cuts_long_texts_and_many_lines_visibly() -> None:
    lines = laid_out({str(n): "x" * 500 for n in range(100)}, 60)
    assert len(lines) == MOST_LINES
    assert lines[-1] == f"… and {102 - MOST_LINES + 1} more lines"
    assert lines[1] == '  "0": "' + "x" * (LONGEST_TEXT - 1) + '…",'


def test_shows_what_is_no_json_as_text() -> None:
    assert laid_out("plain words", 80) == ['"plain words"']
