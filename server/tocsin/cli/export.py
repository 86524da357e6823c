"""Defines `tocsin export`, which writes triggers as files that `apply` reads."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    FolderOption,
    ServerOption,
    connected,
    folder_named,
    pages,
)
from tocsin.cli.refusal import refusal
from tocsin.cli.terminal.lines import counted, note
from tocsin.cli.terminal.output import print_document
from tocsin.documents.terraform import TerraformError, terraform_of
from tocsin.documents.triggers import file_name, json_of, yaml_of
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

app = typer.Typer(rich_markup_mode="markdown")


class Form(StrEnum):
    """Names the forms of files."""

    YAML = "yaml"
    JSON = "json"
    TERRAFORM = "terraform"


SUFFIXES = {Form.YAML: ".yaml", Form.JSON: ".json", Form.TERRAFORM: ".tf"}


@app.command("export")
def export(
    folder: FolderOption = None,
    form: Annotated[
        Form,
        typer.Option("-o", "--output", help="`terraform` is for Yandex Cloud's provider."),
    ] = Form.YAML,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="DIR", help="Write a file for each trigger into this directory."
        ),
    ] = None,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Write the triggers of a folder as files that `apply` reads.

    They hold what people wrote, and `status: PAUSED` of a paused trigger; nothing that only the
    server sets. Applied to another folder, they make the same triggers.
    """
    request = contract.ListTriggersRequest(folder_id=folder_named(folder))
    with connected(server, ca) as api:
        triggers = list(pages(api.triggers.List, request, "triggers"))
    triggers.sort(key=lambda trigger: (trigger.name, trigger.id))
    written, left_out = _written(triggers, form)
    if to is None:
        _print([text for _, text in written], triggers, form)
    else:
        _write(to, written, form)
    if left_out:
        raise refusal(*left_out)


def _written(triggers: Sequence[Trigger], form: Form) -> tuple[list[tuple[str, str]], list[str]]:
    """Returns names and texts of files, and a line for each trigger that the form lacks."""
    write = _WRITERS[form]
    written, left_out = [], []
    for trigger in triggers:
        name = file_name(trigger)
        try:
            written.append((name, write(trigger)))
        except TerraformError as error:
            left_out.append(f"{name} is left out: {error.field}: {error.reason}")
    return written, left_out


_WRITERS: dict[Form, Callable[[Trigger], str]] = {
    Form.YAML: yaml_of,
    Form.JSON: lambda trigger: json_of([trigger]),
    Form.TERRAFORM: terraform_of,
}


def _print(texts: Sequence[str], triggers: Sequence[Trigger], form: Form) -> None:
    match form:
        case Form.YAML:
            text = "---\n".join(texts)
        case Form.JSON:
            text = json_of(triggers) if triggers else "[]\n"
        case Form.TERRAFORM:
            text = "\n".join(texts)
    if text:
        print_document(text)


def _write(directory: Path, written: Sequence[tuple[str, str]], form: Form) -> None:
    """Writes files whose text is new, so that others keep their dates."""
    changed = 0
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in written:
            file = directory / f"{name}{SUFFIXES[form]}"
            if not file.exists() or file.read_text(encoding="utf-8") != text:
                file.write_text(text, encoding="utf-8")
                changed += 1
    except (OSError, UnicodeDecodeError) as error:
        raise refusal(f"--to {directory}: {error}") from error
    note(f"{counted(len(written), 'trigger')} in {directory}, {counted(changed, 'file')} written")
