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
    if source == STDIN or not root.is_dir():
        yield source
        return
    files = sorted(
        file
        for file in root.rglob("*")
        if file.suffix in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
    )
    if not files:
        raise DocumentError(f"{source}: has no files that end with {', '.join(SUFFIXES)}")
    yield from map(str, files)
