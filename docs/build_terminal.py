"""Draws docs/terminal.svg from what `tocsin demo` prints: `make terminal`.

The demo runs until its timer has ticked once, so this takes up to a minute and a few seconds.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("terminal.svg")
TOCSIN = Path(sys.executable).with_name("tocsin")
COLUMNS = 86
# Within a minute; later than that, the timer would tick before the integration has run.
LATEST_START = 50
# Rich erases the countdown with this before it prints the next line.
ERASED = "\r\x1b[2K"
CURSOR = ("\x1b[?25l", "\x1b[?25h")
# The picture leaves out the lines that begin with these: they tell a person what to type next.
LEFT_OUT = ("Your turn", "  REST=", "To pause", "  curl ", "    -d ")


def printed() -> Iterator[str]:
    """Yields the demo's lines, with their colours, until the timer's call has been shown."""
    second = time.time() % 60
    if second > LATEST_START:
        time.sleep(60 - second)
    variables = {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603
        [TOCSIN, "demo"], stdout=subprocess.PIPE, env={**os.environ, **variables}
    ) as demo:
        assert demo.stdout is not None
        ticked = False
        for raw in demo.stdout:
            line = shown(raw.decode())
            yield line
            ticked = ticked or "function ring" in line
            if ticked and Text.from_ansi(line).plain == "    }":
                break
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()


def shown(raw: str) -> str:
    """Returns a line as it stays on the terminal, without what was erased."""
    line = raw.rstrip("\n").rpartition(ERASED)[2]
    for code in CURSOR:
        line = line.replace(code, "")
    return line


def paragraphs(lines: Iterator[str]) -> Iterator[list[Text]]:
    """Yields the lines between two empty ones, as a picture shows them."""
    together: list[Text] = []
    for line in lines:
        text = Text.from_ansi(line)
        if text.plain.startswith(LEFT_OUT):
            continue
        if text.plain.strip():
            together.append(text)
        elif together:
            yield together
            together = []
    yield together


def main() -> None:
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.assemble(("$ ", "dim"), ("tocsin demo", "bold")))
    for paragraph in paragraphs(printed()):
        console.print(*paragraph, "", sep="\n", soft_wrap=True)
    PICTURE.write_text(console.export_svg(title="tocsin demo"), encoding="utf-8")


if __name__ == "__main__":
    main()
