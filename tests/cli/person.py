"""Somebody who types `tocsin` commands, with the server and a folder in the environment."""

import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fcntl import ioctl
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from stand.tocsin_process import PATIENCE, TOCSIN, Ended, clean_environment, run_tocsin

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Person:
    server: str
    folder: str
    directory: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"TOCSIN_SERVER": self.server, "TOCSIN_FOLDER": self.folder, **self.variables}

    def with_variables(self, **variables: str) -> "Person":
        """Returns the same person with these in the environment, and no others."""
        return replace(self, variables=variables)

    def types(self, *arguments: str, stdin: str | None = None) -> Ended:
        """Runs a command, whatever comes of it, where its output goes into pipes."""
        return run_tocsin(*arguments, environment=self.environment, stdin=stdin)

    def gets(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs a command that succeeds and has nothing to complain of; returns its output."""
        done = self.types(*arguments, stdin=stdin)
        assert (done.status, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def reads(self, message: type[M], *arguments: str, stdin: str | None = None) -> M:
        """Runs a command with -o json; returns its output as the contract's own message."""
        return parsed(message, json.loads(self.gets(*arguments, "-o", "json", stdin=stdin)))

    def reads_list(self, message: type[M], *arguments: str) -> list[M]:
        return [parsed(message, each) for each in json.loads(self.gets(*arguments, "-o", "json"))]

    def is_refused(self, *arguments: str, stdin: str | None = None) -> tuple[int, list[str]]:
        """Runs a command that prints nothing; returns its status and the lines on stderr."""
        done = self.types(*arguments, stdin=stdin)
        assert done.stdout == ""
        return done.status, done.stderr.splitlines()

    def sees(self, *arguments: str, columns: int = 80) -> str:
        """Runs a command on a terminal; returns all that it wrote there."""
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = clean_environment(self.environment | {"TERM": "xterm-256color"})
        with subprocess.Popen(
            [str(TOCSIN), *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={k: v for k, v in environment.items() if k not in ("COLUMNS", "NO_COLOR")},
        ) as process:
            os.close(theirs)
            written = _read_all(ours)
            assert process.wait(PATIENCE) == 0, written
        os.close(ours)
        return written.replace("\r\n", "\n")

    def writes(self, name: str, text: str) -> str:
        """Writes a file; returns its path."""
        file = self.directory / name
        file.write_text(text)
        return str(file)


def parsed(message: type[M], value: Any) -> M:
    return json_format.ParseDict(value, message())


def _read_all(terminal: int) -> str:
    read = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return read.decode()
        if not more:
            return read.decode()
        read += more
