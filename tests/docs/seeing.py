"""Runs docs/seeing-and-steering.md from its first block to its last, as a person would.

The server stands still at the page's first instant, its target answers 500 until the page says that
it was mended, and the trigger's and the invocation's ids are in the variables that the page names.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.curl_stand_in import path_with_curl
from docs.markdown import ROOT, Block, blocks
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin, serving

PAGE = ROOT / "docs" / "seeing-and-steering.md"
MENDED = "# The function is mended."
START = "2026-03-01T12:00:30Z"
PORTS = re.compile(r"127\.0\.0\.1:\d+")
IDS = re.compile(r"\b(a1s|nod)[0-9a-v]{17}\b")


class Reader:
    """Types what the page shows."""

    def __init__(self, tocsin: Tocsin, target: RecordingTarget, directory: Path) -> None:
        self._tocsin = tocsin
        self._target = target
        self._directory = directory
        self._variables: dict[str, str] = {}
        self._path = path_with_curl(directory)
        target.answers["/report"] = lambda _: Answer(500, b"out of paper")

    def run(self, block: Block) -> str:
        """Runs a block; returns what it printed."""
        if MENDED in block.code:
            self._target.answers.clear()
        code = block.code
        for usual, address in (
            ("127.0.0.1:8080", self._tocsin.http_address),
            ("127.0.0.1:50051", self._tocsin.grpc_address),
        ):
            code = code.replace(usual, address)
        command = ["sh", "-e", "-c", code]
        if block.language == "python":
            command = [sys.executable, "-c", code]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self._directory,
            env={**os.environ, **self._variables, "PATH": self._path},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self._remember(done.stdout)
        return done.stdout

    def _remember(self, output: str) -> None:
        for name, pattern in (
            ("TRIGGER", r'"triggerId": ?"(\w+)"'),
            ("INVOCATION", r'"invocations": ?\[\s*{\s*"id": ?"(\w+)"'),
        ):
            if name not in self._variables and (found := re.search(pattern, output)):
                self._variables[name] = found.group(1)


def reading() -> Iterator[tuple[Block, str]]:
    """Runs the page; gives each block that is run with what it printed."""
    target = RecordingTarget()
    config = f'[targets]\nfunction = "{target.url}/{{function_id}}"\n'
    manual = ("--clock", "manual", "--clock-start", START)
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *manual) as tocsin,
    ):
        reader = Reader(tocsin, target, Path(made))
        for block in blocks(PAGE, "sh", "python"):
            if block.code.startswith(("curl ", "#")) or block.language == "python":
                yield block, reader.run(block)
    target.close()


def told(text: str) -> Any:
    """What an answer says, apart from ids, traces, ports, tokens, payloads, and what is empty."""
    return pruned(json.loads(PORTS.sub("127.0.0.1", IDS.sub("ID", text))))


def pruned(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: pruned(each) for name, each in value.items() if name not in UNTOLD}
        return {name: each for name, each in kept.items() if each not in EMPTY}
    return [pruned(each) for each in value] if isinstance(value, list) else value


UNTOLD = ("payload", "nextPageToken", "traceId")
EMPTY = ("", 0, "0", [], {}, False, None, "CANCEL_REASON_UNSPECIFIED")
