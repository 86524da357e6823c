"""Defines `tocsin export`, which writes what a server has as files that `apply` reads."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.apply.other_steps import has_access_control
from tocsin.cli.apply.written import (
    Written,
    accounts_of,
    bindings_of,
    integrations_of,
    json_of,
    of_trigger,
    schedules_of,
    triggers_of,
)
from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    FolderOption,
    ServerOption,
    connected,
    folder_named,
)
from tocsin.cli.executions.names import USUAL_LOCATION, LocationOption, checked_location
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import counted, note
from tocsin.cli.terminal.output import print_document
from tocsin.documents.terraform import TerraformError, terraform_of
from tocsin.documents.triggers import file_name

app = typer.Typer(rich_markup_mode="markdown")


class Form(StrEnum):
    """Names the forms of files."""

    YAML = "yaml"
    JSON = "json"
    TERRAFORM = "terraform"


class Kind(StrEnum):
    """Names the kinds of documents, as these do themselves."""

    TRIGGER = "Trigger"
    SERVICE_ACCOUNT = "ServiceAccount"
    BINDING = "Binding"
    INTEGRATION = "Integration"
    SCHEDULE = "Schedule"
    ALL = "all"


SUFFIXES = {Form.YAML: ".yaml", Form.JSON: ".json", Form.TERRAFORM: ".tf"}
# Those that belong to a folder; the others belong to a location.
IN_FOLDER = {Kind.TRIGGER, Kind.SERVICE_ACCOUNT, Kind.BINDING}


KindsOption = Annotated[
    list[Kind],
    typer.Option(
        "--kind",
        metavar="KIND",
        case_sensitive=False,
        help="What to write: `Trigger`, `ServiceAccount` and `Binding` of the folder, "
        "`Integration` and `Schedule` of the location, or `all`. Can be given several times.",
    ),
]
FormOption = Annotated[
    Form,
    typer.Option(
        "-o", "--output", help="`terraform` is for Yandex Cloud's provider: triggers alone."
    ),
]
ToOption = Annotated[
    Path | None,
    typer.Option("--to", metavar="DIR", help="Write a file for each document into this directory."),
]


@app.command("export")
def export(
    folder: FolderOption = None,
    kinds: KindsOption = [Kind.TRIGGER],  # noqa: B006  typer copies it
    form: FormOption = Form.YAML,
    to: ToOption = None,
    location: LocationOption = USUAL_LOCATION,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Write the triggers of a folder as files that `apply` reads; with `--kind`, other things too.

    They hold what people wrote, and `status: PAUSED` of a paused trigger; nothing that only the
    server sets. Applied to another folder and location, they make the same. What stands in the
    server's settings is left out, and so are keys.
    """
    wanted = set(Kind) - {Kind.ALL} if Kind.ALL in kinds else set(kinds)
    if form is Form.TERRAFORM and wanted != {Kind.TRIGGER}:
        raise refusal("-o terraform writes triggers alone: leave out --kind", status=USAGE)
    of_folder = folder_named(folder) if wanted & IN_FOLDER else ""
    of_location = checked_location(location) if wanted - IN_FOLDER else ""
    left_out: list[str] = []
    with connected(server, ca) as api:
        if Kind.ALL in kinds and not has_access_control(api):
            wanted -= {Kind.SERVICE_ACCOUNT, Kind.BINDING}
        if form is Form.TERRAFORM:
            resources, left_out = _resources(api, of_folder)
            texts, whole = resources, "\n".join(text for _, text in resources)
        else:
            documents = list(_documents(api, wanted, of_folder, of_location))
            texts = [(each.file, _text(each, form)) for each in documents]
            whole = _whole(documents, form)
    if to is not None:
        _write(to, texts, form, "trigger" if wanted == {Kind.TRIGGER} else "document")
    elif whole:
        print_document(whole)
    if left_out:
        raise refusal(*left_out)


def _documents(api: Connection, wanted: set[Kind], folder: str, location: str) -> Iterator[Written]:
    """Yields documents in the order in which `apply` makes them."""
    if Kind.SERVICE_ACCOUNT in wanted:
        yield from accounts_of(api, folder)
    if Kind.BINDING in wanted:
        yield from bindings_of(api, folder)
    if Kind.INTEGRATION in wanted:
        yield from integrations_of(api, location)
    if Kind.SCHEDULE in wanted:
        yield from schedules_of(api, location)
    if Kind.TRIGGER in wanted:
        yield from map(of_trigger, triggers_of(api, folder))


def _text(document: Written, form: Form) -> str:
    return document.yaml if form is Form.YAML else json_of([document])


def _whole(documents: Sequence[Written], form: Form) -> str:
    if form is Form.JSON:
        return json_of(documents)
    return "---\n".join(each.yaml for each in documents)


def _resources(api: Connection, folder: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Returns names and texts of resources, and a line for each trigger that the form lacks."""
    written, left_out = [], []
    for trigger in triggers_of(api, folder):
        name = file_name(trigger)
        try:
            written.append((name, terraform_of(trigger)))
        except TerraformError as error:
            left_out.append(f"{name} is left out: {error.field}: {error.reason}")
    return written, left_out


def _write(directory: Path, written: Sequence[tuple[str, str]], form: Form, what: str) -> None:
    """Writes files whose text is new, so that others keep their dates."""
    changed = 0
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in _each_apart(written):
            file = directory / f"{name}{SUFFIXES[form]}"
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8")
                changed += 1
    except FileExistsError as error:
        raise refusal(f"--to {directory}: is not a directory") from error
    except OSError as error:
        raise refusal(f"{error.filename or directory}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise refusal(f"--to {directory}: {error}") from error
    note(f"{counted(len(written), what)} in {directory}, {counted(changed, 'file')} written")


def _each_apart(written: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yields files with names of their own: what names don't have in common may not be in them."""
    seen: Counter[str] = Counter()
    for name, text in written:
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), text
