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
    written.finish(0)
    read = bytearray()
    ended = threading.Event()

    def read_all() -> None:
        while b"dropped" not in read:
            read.extend(os.read(reader, 65536))
        ended.set()

    threading.Thread(target=read_all, daemon=True).start()
    assert ended.wait(10)
    came = read.decode().splitlines()
    [dropped] = [line for line in came if line.endswith(" dropped")]
    assert int(dropped.split()[0]) == lines - (len(came) - 1)


def test_a_reader_that_is_gone_stops_nobody(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    written = UnblockedStderr(writer, lambda lines: f"{lines} dropped\n")
    os.close(reader)
    for _ in range(100):
        written.write(LINE)
        written.finish(1)
