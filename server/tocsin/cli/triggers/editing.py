"""Defines `tocsin triggers edit`."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from tocsin.api.yandex.triggers.message import complete, violations_of_document
from tocsin.cli.apply.steps import OperationFailed
from tocsin.cli.apply.triggers import calls_of
from tocsin.cli.apply.triggers import finished as finished_or_failed
from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    OfFolderOption,
    ServerOption,
    connected,
    refused_with,
)
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import note
from tocsin.cli.terminal.output import Output
from tocsin.cli.triggers.names import TriggerArgument, find_trigger
from tocsin.cli.triggers.written import show, tell_surprises
from tocsin.documents.changes import Change, Move, WantedTrigger, changes_of
from tocsin.documents.reading import START, Problem, read_documents
from tocsin.documents.triggers import file_name, read_trigger, yaml_of
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

EDITORS = ("VISUAL", "EDITOR")
# What the program wrote for the person; the person's own comments stay.
MARK = "#!"


app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def edit_trigger(
    trigger: TriggerArgument,
    folder: OfFolderOption = None,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Change a trigger in your editor: $VISUAL, or else $EDITOR.

    What is wrong comes back as comments at its lines, until it is right, or the file is closed as
    it was. Then nothing is changed, and a file keeps what was wrong. `status: PAUSED` pauses the
    trigger, `status: ACTIVE` resumes it.
    """
    with connected(server, ca) as api:
        before = find_trigger(api, trigger, folder)
        with _scratch(before) as file:
            change = _edited(before, _editor(), file)
            if change is None:
                note("nothing was changed")
                return
            try:
                for call in calls_of(api, change):
                    finished_or_failed(api, call(), wait=True)
            except OperationFailed as failure:
                raise refused_with(failure.operation.error, lambda _: "") from failure
        after = _reread(api, before.id)
        show(after, Output.TABLE)
        tell_surprises(api, after)


def _reread(api: Connection, trigger_id: str) -> Trigger:
    return find_trigger(api, trigger_id, None)


def _editor() -> list[str]:
    for variable in EDITORS:
        if words := shlex.split(os.environ.get(variable, "")):
            return words
    raise refusal("no editor is set: set EDITOR, such as EDITOR=nano")


@contextmanager
def _scratch(before: Trigger) -> Iterator[Path]:
    """Makes a file for an editor; it is kept if what a person wrote there came to nothing."""
    directory = Path(tempfile.mkdtemp(prefix="tocsin-"))
    file = directory / f"{file_name(before)}.yaml"
    kept = False
    try:
        yield file
    except BaseException:
        kept = file.is_file() and _without_marks(_text_of(file)) != yaml_of(before)
        if kept:
            note(f"what you wrote is in {file}")
        raise
    finally:
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)


def _edited(before: Trigger, editor: Sequence[str], file: Path) -> Change | None:
    """Lets a person change a trigger until it is right; returns None if nothing changed."""
    text, problems = yaml_of(before), list[Problem]()
    while True:
        file.write_text(text, encoding="utf-8")
        _run(editor, file)
        changed = _without_marks(_text_of(file))
        if changed == _without_marks(text):
            if problems:
                raise refusal(*map(_told, problems), "nothing was changed")
            return None
        change, problems = _read(before, changed)
        if not problems:
            return change
        text = _with_marks(changed, problems)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}: nothing was changed") from error


def _run(editor: Sequence[str], file: Path) -> None:
    try:
        status = subprocess.run([*editor, str(file)], check=False).returncode  # noqa: S603
    except OSError as error:
        raise refusal(f"{editor[0]}: {error.strerror}") from error
    if status:
        raise refusal(f"{editor[0]} ended with {status}: nothing was changed")


def _read(before: Trigger, text: str) -> tuple[Change | None, list[Problem]]:
    documents, problems = read_documents("text", text)
    if problems or len(documents) != 1:
        return None, problems or [Problem(START, "", "must be the document of one trigger")]
    [document] = documents
    trigger, problems = read_trigger(document, violations_of_document)
    if problems:
        return None, problems
    trigger.id, trigger.folder_id = before.id, before.folder_id
    wanted = WantedTrigger(document, trigger)
    made = changes_of([wanted], {before.folder_id: [before]}, complete=complete)
    if made.problems:
        return None, [problem for _, problem in made.problems]
    [change] = made.changes
    return (None if change.move is Move.KEEP else change), []


def _with_marks(text: str, problems: Sequence[Problem]) -> str:
    """Returns a text with each problem as a comment above its line."""
    lines = text.splitlines(keepends=True)
    for problem in sorted(problems, key=lambda each: each.place, reverse=True):
        at = min(problem.place.line - 1, len(lines))
        lines.insert(at, f"{MARK} {_told(problem)}\n")
    return "".join(lines)


def _told(problem: Problem) -> str:
    path = f"{problem.field}: " if problem.field else ""
    return path + " ".join(problem.description.split())


def _without_marks(text: str) -> str:
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.lstrip().startswith(MARK)
    )
