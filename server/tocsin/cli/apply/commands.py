"""Defines `tocsin apply`, which makes a server hold what files say."""

import json
import re
from collections.abc import Sequence
from typing import Annotated

import typer

from tocsin.cli.apply import other_steps, triggers
from tocsin.cli.apply.others import KINDS, Others
from tocsin.cli.apply.steps import Step, show, take
from tocsin.cli.apply.waiting import wait_for_sources
from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    FolderOption,
    ServerOption,
    connected,
    is_typed,
)
from tocsin.cli.executions.names import USUAL_LOCATION, LocationOption, checked_location
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import counted, note, say
from tocsin.cli.triggers.several import confirm
from tocsin.documents.changes import ApplySet, Move, WantedTrigger, read_wanted
from tocsin.documents.folders import read_files
from tocsin.documents.reading import Document, Problem
from tocsin.documents.triggers import KIND, KIND_FIELD
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

app = typer.Typer(rich_markup_mode="markdown")

CHANGES = 2
"""The exit status of a dry run that found something to do."""

_SHOWN_KIND = 64
_SELECTOR = re.compile(r"([^=\s]+)=([^=\s]+)")

SourcesOption = Annotated[
    list[str],
    typer.Option(
        "-f",
        "--file",
        metavar="FILE",
        help="A file of YAML or JSON, or a directory of them; `-` reads standard input. Can be "
        "given several times.",
    ),
]


SelectorOption = Annotated[
    str,
    typer.Option(
        metavar="LABEL=VALUE",
        help="The name of these files' apply set: a label that their triggers get, such as "
        "`repository=shop`.",
    ),
]
PruneOption = Annotated[
    bool,
    typer.Option(
        "--prune", help="Delete the triggers of the apply set that the files do not have."
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Only print the plan; exit with 2 if there is something to do."),
]
WaitOption = Annotated[
    bool,
    typer.Option(
        "--wait", help="Wait until all is done, and sources of new triggers are connected."
    ),
]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask before something is deleted.")
]


@app.command("apply")
def apply(
    ctx: typer.Context,
    files: SourcesOption,
    folder: FolderOption = None,
    selector: SelectorOption = "",
    prune: PruneOption = False,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    yes: YesOption = False,
    location: LocationOption = USUAL_LOCATION,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Make triggers, and other things, be what files say.

    A file holds documents as `tocsin export` writes them. `kind` is Trigger if it is left out, else
    Integration, Schedule, ServiceAccount or Binding. Everything is checked before anything is
    written. What is as its document says stays as it is, so a second run changes nothing.
    """
    apply_set = _apply_set(selector, prune=prune)
    elsewhere = folder if is_typed(ctx, "folder") else None
    others = Others(folder or "", checked_location(location))
    wanted = _read(files, others, apply_set, elsewhere)
    if prune:
        _tell_what_prune_leaves(others)
        if not wanted and others.is_empty:
            raise refusal(
                f"the files hold nothing: --prune would delete all of {apply_set}. If you want "
                "that, delete the triggers by `tocsin triggers delete`"
            )
    with connected(server, ca) as api:
        folders = {each.trigger.folder_id for each in wanted}
        if prune and folder:
            folders.add(folder)
        changes = triggers.planned(api, wanted, sorted(folders), apply_set, prune=prune)
        steps, problems = other_steps.planned(api, others)
        _refuse([], [*changes.problems, *problems])
        steps += triggers.steps_of(api, changes.changes, wait=wait)
        show(steps)
        work = [step for step in steps if step.move is not Move.KEEP]
        if dry_run:
            raise typer.Exit(CHANGES if work else 0)
        _confirm(work, yes=yes)
        if failed := take(work, server):
            raise refusal(f"{failed} of {len(work)} changes failed; run it again for the rest")
        if work:
            say(f"Done: {counted(len(work), 'change')} made.")
        if wait:
            wait_for_sources(api, changes.of(Move.CREATE))


def _read(
    files: Sequence[str], others: Others, apply_set: ApplySet | None, elsewhere: str | None
) -> list[WantedTrigger]:
    """Returns the triggers of files; puts what is of other kinds into `others`.

    Ends the program if something is wrong. `elsewhere` is the only folder that triggers may name,
    or None.
    """
    read = read_files(files)
    rest = [each for each in read.documents if not others.read(_kind(each), each)]
    documents = [each for each in rest if _kind(each) == KIND]
    wanted, problems = read_wanted(documents, others.folder, apply_set, triggers.check)
    problems += others.problems
    problems += [(each, _unknown_kind(each)) for each in rest if _kind(each) != KIND]
    if elsewhere is not None:
        problems += _elsewhere(wanted, elsewhere)
    _refuse(read.problems, problems)
    return wanted


def _tell_what_prune_leaves(others: Others) -> None:
    if not others.is_empty:
        note("--prune deletes triggers alone: what files no longer have of other kinds stays")


def _apply_set(selector: str, *, prune: bool) -> ApplySet | None:
    if not selector:
        if prune:
            raise refusal(
                "--prune needs the name of the apply set, so that it does not delete what others "
                "made: give --selector LABEL=VALUE"
            )
        return None
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        raise refusal(f"--selector: {selector} must be LABEL=VALUE, such as repository=shop")
    apply_set = ApplySet(match[1], match[2])
    labelled = Trigger(labels={apply_set.key: apply_set.value})
    wrong = [each for each in triggers.check(labelled) if each.field.startswith("labels[")]
    if wrong:
        raise refusal(f"--selector: {wrong[0].description}")
    return apply_set


def _elsewhere(wanted: Sequence[WantedTrigger], folder: str) -> list[tuple[Document, Problem]]:
    """Returns what is wrong with triggers that name another folder than --folder."""
    return [
        (
            each.document,
            Problem(
                each.document.place_of("folder_id"),
                "folder_id",
                f"{each.trigger.folder_id}, but --folder is {folder}: give one of them",
            ),
        )
        for each in wanted
        if each.trigger.folder_id != folder
    ]


def _kind(document: Document) -> str:
    kind = document.fields.get(KIND_FIELD, KIND)
    return kind if isinstance(kind, str) else ""


def _unknown_kind(document: Document) -> Problem:
    kinds = ", ".join((KIND, *KINDS))
    given = json.dumps(document.fields[KIND_FIELD], ensure_ascii=False).strip('"')
    text = f"must be one of {kinds}, not {given[:_SHOWN_KIND]}"
    return Problem(document.place_of(KIND_FIELD), KIND_FIELD, text)


def _refuse(lines: Sequence[str], problems: Sequence[tuple[Document, Problem]]) -> None:
    """Ends the program with all that is wrong, in the order of files and lines."""
    placed = sorted(problems, key=lambda each: (each[0].name, each[1].place))
    told = [*lines, *(f"{document.name}:{problem}" for document, problem in placed)]
    if told:
        raise refusal(*told)


def _confirm(work: Sequence[Step], *, yes: bool) -> None:
    if deleted := sum(step.move is Move.DELETE for step in work):
        confirm(f"Delete {counted(deleted, 'trigger')}?", yes=yes)
