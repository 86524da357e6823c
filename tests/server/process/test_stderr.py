"""The stand-in for stderr keeps what its reader will read, and counts what it drops."""

import os
import threading
from collections.abc import Iterator

import pytest

from tocsin.stderr import MOST_BYTES, UnblockedStderr

LINE = "x" * 1023 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            assert descriptor == reader


def test_lines_come_in_their_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    written = UnblockedStderr(writer, lambda lines: f"{lines} dropped\n")
    for number in range(100):
        written.write(f"{number}\n")
    written.finish(5)
    assert os.read(reader, 65536).decode().split() == [str(number) for number in range(100)]


def test_a_reader_that_stops_is_told_how_many_lines_it_lost(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    written = UnblockedStderr(writer, lambda lines: f"{lines} dropped\n")
    lines = 3 * MOST_BYTES // len(LINE)
    for _ in range(lines):
        written.write(LINE)
    came: list[str] = []

    def read_all() -> None:
        with open(reader, closefd=False) as text:
            for line in text:
                came.append(line.strip())
                if line == "end\n":
                    return

    reading = threading.Thread(target=read_all, daemon=True)
    reading.start()
    written.finish(10)
    written.write("end\n")
    reading.join(10)
    dropped = [int(line.split()[0]) for line in came if line.endswith(" dropped")]
    kept = sum(line == LINE.strip() for line in came)
    assert sum(dropped) > 0
    assert kept + sum(dropped) == lines


def test_a_reader_that_is_gone_stops_nobody(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    written = UnblockedStderr(writer, lambda lines: f"{lines} dropped\n")
    os.close(reader)
    for _ in range(100):
        written.write(LINE)
        written.finish(1)
