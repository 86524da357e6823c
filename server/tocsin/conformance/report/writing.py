"""Writes the files of a report into a directory."""

from pathlib import Path

from tocsin.conformance.options import OptionError
from tocsin.conformance.report.badge import badge
from tocsin.conformance.report.document import document
from tocsin.conformance.report.junit import junit
from tocsin.conformance.report.page import page
from tocsin.conformance.report.summary import Run


def prepare(directory: Path) -> None:
    """Makes the directory, before the run rather than after it.

    Raises:
        OptionError: it can't be made, or not be written into.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        mark = directory / ".tocsin-conformance"
        mark.touch()
        mark.unlink()
    except OSError as error:
        raise OptionError(f"--report {directory}: {error.strerror}") from error


def write(directory: Path, run: Run) -> list[Path]:
    """Writes report.yaml, report.html, junit.xml and badge.svg; returns their paths.

    Raises:
        OptionError: a file can't be written.
    """
    contents = {
        "report.yaml": document(run).encode(),
        "report.html": page(run).encode(),
        "junit.xml": junit(run),
        "badge.svg": badge(run).encode(),
    }
    try:
        for name, content in contents.items():
            (directory / name).write_bytes(content)
    except OSError as error:
        raise OptionError(f"--report {directory}: {error.strerror}") from error
    return [directory / name for name in contents]
