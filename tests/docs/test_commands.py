"""What docs/commands.md shows is what a person gets who types it."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.markdown import ROOT, blocks
from stand.recording_target import RecordingTarget
from stand.tocsin_process import TOCSIN, clean_environment, serving

PAGE = ROOT / "docs" / "commands.md"
FOLDER = "b1g00000000000000001"
ID = re.compile(r"a1s[0-9a-v]{17}")
# It follows from an id, so it is another one each time.
TRACE = re.compile(r"^(traceId +)[0-9a-f]{32}$", flags=re.MULTILINE)


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Of a person whose server's clock stands where the page's did."""
    target = RecordingTarget()
    config = f'[targets]\nfunction = "{target.url}/{{function_id}}"\n'
    clock = ("--clock", "manual", "--clock-start", "2026-01-31T08:59:30Z")
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *clock, http="off") as server,
    ):
        yield {"TOCSIN_SERVER": server.grpc_address, "TOCSIN_FOLDER": FOLDER}
    target.close()


def write_files(directory: Path) -> None:
    """Writes the files that the page shows under their names."""
    text = PAGE.read_text(encoding="utf-8")
    for name, code in re.findall(r"`([\w.]+)`:\n\n```yaml\n(.*?)```", text, flags=re.DOTALL):
        (directory / name).write_text(code)


def commands() -> Iterator[tuple[str, str]]:
    """The commands of the page, each with what it prints."""
    for block in blocks(PAGE, "console"):
        for entry in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
            command, _, output = entry.partition("\n")
            yield command, output.strip()


def test_every_command_prints_what_is_shown(environment: dict[str, str], tmp_path: Path) -> None:
    write_files(tmp_path)
    ours: dict[str, str] = {}  # for each id of the page, the one that stands for it here
    typed = 0
    for command, shown in commands():
        arguments = ID.sub(lambda found: ours[found[0]], command).split()
        got = run(arguments, environment, tmp_path)
        for theirs, our in zip(ID.findall(shown), ID.findall(got), strict=True):
            assert ours.setdefault(theirs, our) == our
        shown = ID.sub(lambda found: ours[found[0]], shown)
        assert TRACE.sub(r"\1", got) == TRACE.sub(r"\1", shown), command
        typed += 1
    assert typed > 10


def run(arguments: list[str], environment: dict[str, str], directory: Path) -> str:
    done = subprocess.run(
        [str(TOCSIN), *arguments[1:]],
        cwd=directory,
        env=clean_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=30,
    )
    return done.stdout.strip()
