"""A command that was started without standard streams opens the null device in their place."""

import subprocess
import sys

import pytest

from cli.person import Person
from stand.tocsin_process import TOCSIN, clean_environment

# Prints what the descriptors lead to, to a file, as the streams may be closed.
SHOW = """
import os, sys
from tocsin.cli.terminal.streams import open_standard_streams
open_standard_streams()
print("spoken")
sys.stderr.write("spoken")
assert not sys.stdin.isatty()
file = open(sys.argv[1], "w")
file.write(" ".join(str(number) for number in range(3) if os.path.exists(f"/dev/fd/{number}")))
file.write(f", then {file.fileno() > 2}")
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_gets_the_number_of_a_closed_stream(person: Person, closed: str) -> None:
    seen = person.directory / "seen"
    command = f'exec "$0" -c "$1" "$2" {closed}'
    subprocess.run(
        ["sh", "-c", command, sys.executable, SHOW, str(seen)], check=True, capture_output=True
    )
    assert seen.read_text() == "0 1 2, then True"


def test_a_closed_standard_input_is_an_empty_one(person: Person) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" apply -f - <&-', str(TOCSIN)],
        env=clean_environment(person.environment),
        check=True,
        capture_output=True,
        text=True,
    )
    assert (done.stdout[:16], done.stderr) == ("Plan: 0 to creat", "")


def test_a_full_disk_ends_the_output_in_words(person: Person) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" triggers list -o json > /dev/full', str(TOCSIN)],
        env=clean_environment(person.environment),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "tocsin: can't write the output: No space left on device\n",
    )


@pytest.mark.parametrize("text", [b"# gr\xc3\xbc\xc3\x9fe\n[]\n", b"# gr\xfc\n[]\n"])
def test_standard_input_is_read_as_files_are_whatever_the_locale(
    person: Person, text: bytes
) -> None:
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [str(TOCSIN), "apply", "-f", "-"],
        env=clean_environment({**person.environment, **ascii_alone}),
        check=False,
        capture_output=True,
        input=text,
    )
    if b"\xfc" in text:
        assert (done.returncode, done.stderr) == (1, b"tocsin: stdin: must be text in UTF-8\n")
    else:
        assert (done.returncode, done.stderr) == (0, b"")
