"""Reads the documents of files and directories."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tocsin.documents.reading import STDIN, Document, DocumentError, read_documents, read_text

SUFFIXES = (".yaml", ".yml", ".json")


class ReadFiles(NamedTuple):
    """Holds the documents of files, and a line for each thing that can't be read."""

    documents: list[Document]
    problems: list[str]


def read_files(sources: Iterable[str]) -> ReadFiles:
    """Reads the documents of files; of directories, those of all files of YAML and JSON in them.

    Args:
        sources: paths; `-` is the standard input.
    """
    read = ReadFiles([], [])
    for source in sources:
        try:
            for file in _files(source):
                name, text = read_text(file)
                documents, problems = read_documents(name, text)
                read.documents.extend(documents)
                read.problems.extend(f"{name}:{problem}" for problem in problems)
        except DocumentError as error:
            read.problems.extend(error.lines)
    return read


def _files(source: str) -> Iterator[str]:
    """Yields the files of a source in the order of their names, without hidden ones."""
    root = Path(source)
    if source in (STDIN, "") or not root.is_dir():
        yield source
        return
    files = sorted(_below(root, set()))
    if not files:
        raise DocumentError(f"{source}: has no files that end with {', '.join(SUFFIXES)}")
    yield from map(str, files)


def _below(directory: Path, seen: set[Path]) -> Iterator[Path]:
    """Yields the files of a directory and those below it, each directory once.

    What can't be read must not be passed over: its triggers would seem to be gone.

    Raises:
        DocumentError: a directory can't be read, or a link leads nowhere.
    """
    try:
        real = directory.resolve(strict=True)
        if real in seen:
            return
        seen.add(real)
        for path in sorted(directory.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                yield from _below(path, seen)
            elif path.suffix in SUFFIXES and (path.is_file() or not path.exists()):
                yield path
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "its links lead in a circle"
        raise DocumentError(f"{directory}: {reason}") from error
