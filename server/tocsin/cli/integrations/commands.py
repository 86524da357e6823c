"""Defines `tocsin integrations`, a client of the API of integrations and their versions."""

from typing import Annotated, Any

import typer
from google.protobuf import json_format

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    Connection,
    LimitOption,
    ServerOption,
    connected,
    linted,
    pages,
)
from tocsin.cli.executions.explaining import explain_integration
from tocsin.cli.executions.names import (
    USUAL_LOCATION,
    LocationOption,
    complete_integrations,
    integration_named,
)
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import note, say_lines
from tocsin.cli.terminal.output import (
    Output,
    OutputOption,
    instant_text,
    print_details,
    print_json,
    print_table,
)
from tocsin.documents.reading import DocumentError, read_document
from tocsin.documents.writing import as_yaml
from tocsin_protos.google.cloud.integrations.v1alpha.integration_state_pb2 import IntegrationState
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integration_versions_pb2 import (
    CreateIntegrationVersionRequest,
    GetIntegrationVersionRequest,
    ListIntegrationVersionsRequest,
    PublishIntegrationVersionRequest,
    UnpublishIntegrationVersionRequest,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integrations_pb2 import ListIntegrationsRequest

app = typer.Typer(rich_markup_mode="markdown")
app.command("explain")(explain_integration)

# As the server sends it; what follows is one line for each schedule.
HEAD = ("NAME", "ACTIVE", "UPDATED AT", "DESCRIPTION")
VERSION_HEAD = ("VERSION", "NUMBER", "STATE", "UPDATED AT", "LABEL")

IntegrationArgument = Annotated[
    str,
    typer.Argument(
        metavar="INTEGRATION",
        autocompletion=complete_integrations,
        help="The integration: its last name, or all of `projects/*/locations/*/integrations/*`.",
    ),
]
VersionOption = Annotated[
    str,
    typer.Option(metavar="ID", help="The version, as `get` shows it. [default: the latest]"),
]


@app.command("list")
def list_integrations(
    text: Annotated[
        str, typer.Option("--filter", metavar="FILTER", help="Only what this filter finds.")
    ] = "",
    location: LocationOption = USUAL_LOCATION,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List integrations, those of the settings too."""
    request = ListIntegrationsRequest(parent=_parent(location), filter=text)
    with connected(server, ca) as api:
        found = list(pages(api.integrations.ListIntegrations, request, "integrations", limit))
    if output is Output.JSON:
        print_json(found)
        return
    rows = [
        (
            each.name.rpartition("/")[2],
            "yes" if each.active else "no",
            instant_text(each.update_time) if each.HasField("update_time") else "",
            each.description,
        )
        for each in found
    ]
    print_table(HEAD, rows, "No integrations match.")


@app.command("get")
def get_integration(
    integration: IntegrationArgument,
    version: VersionOption = "",
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List the versions of an integration, or show one of them as YAML that `apply` takes."""
    parent = integration_named(integration, location)
    with connected(server, ca) as api:
        if version:
            request = GetIntegrationVersionRequest(name=f"{parent}/versions/{version}")
            found: Any = api.versions.GetIntegrationVersion(request)
        else:
            found = _versions(api, parent)
    if output is Output.JSON:
        print_json(found)
    elif version:
        say_lines(as_yaml(json_format.MessageToDict(found)).removesuffix("\n"))
    else:
        rows = [
            (
                each.name.rpartition("/")[2],
                str(each.snapshot_number),
                IntegrationState.Name(each.state),
                instant_text(each.update_time),
                each.user_label,
            )
            for each in found
        ]
        print_table(VERSION_HEAD, rows, "The integration has no versions.")


@app.command("apply")
def apply(
    integration: IntegrationArgument,
    file: Annotated[
        str,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="The version, as YAML or JSON; `-`: stdin.",
        ),
    ],
    draft: Annotated[
        bool, typer.Option("--draft", help="Only make a draft; `publish` publishes it later.")
    ] = False,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Make a new version of an integration, and publish it."""
    try:
        document = read_document(file)
        version = document.parse(IntegrationVersion())
    except DocumentError as error:
        raise refusal(*error.lines, status=USAGE) from error
    parent = integration_named(integration, location)

    def blame(field: str) -> str:
        return document.where(field.removeprefix("integration_version."))

    with connected(server, ca, blame) as api:
        made, lint = linted(
            api.versions.CreateIntegrationVersion,
            CreateIntegrationVersionRequest(parent=parent, integration_version=version),
        )
        if not draft:
            api.versions.PublishIntegrationVersion(PublishIntegrationVersionRequest(name=made.name))
            made = api.versions.GetIntegrationVersion(GetIntegrationVersionRequest(name=made.name))
    _show(made, output)
    for line in lint:
        note(f"the clocks change: {line}")


@app.command("publish")
def publish(
    integration: IntegrationArgument,
    version: VersionOption = "",
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Publish a version, so that calls run it from now on."""
    parent = integration_named(integration, location)
    with connected(server, ca) as api:
        name = _named(api, parent, version)
        _, lint = linted(
            api.versions.PublishIntegrationVersion, PublishIntegrationVersionRequest(name=name)
        )
        made = api.versions.GetIntegrationVersion(GetIntegrationVersionRequest(name=name))
    _show(made, output)
    for line in lint:
        note(f"the clocks change: {line}")


@app.command("unpublish")
def unpublish(
    integration: IntegrationArgument,
    location: LocationOption = USUAL_LOCATION,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Take the published version back, so that the integration does not run."""
    parent = integration_named(integration, location)
    with connected(server, ca) as api:
        active = _versions(api, parent, "state = ACTIVE")
        if not active:
            raise refusal(f"{parent} has no published version")
        name = active[0].name
        api.versions.UnpublishIntegrationVersion(UnpublishIntegrationVersionRequest(name=name))
        made = api.versions.GetIntegrationVersion(GetIntegrationVersionRequest(name=name))
    _show(made, output)


def _parent(location: str) -> str:
    return integration_named("", location).partition("/integrations/")[0]


def _versions(api: Connection, parent: str, text: str = "") -> list[IntegrationVersion]:
    request = ListIntegrationVersionsRequest(parent=parent, filter=text)
    return list(pages(api.versions.ListIntegrationVersions, request, "integration_versions"))


def _named(api: Connection, parent: str, version: str) -> str:
    """Returns the full name of a version; without one, that of the latest."""
    if version:
        return f"{parent}/versions/{version}"
    for latest in _versions(api, parent, "state != ARCHIVED"):
        return latest.name
    raise refusal(f"{parent} has no versions: make one with `tocsin integrations apply`")


def _show(version: IntegrationVersion, output: Output) -> None:
    if output is Output.JSON:
        print_json(version)
        return
    print_details(
        [
            ("name", version.name),
            ("number", str(version.snapshot_number)),
            ("state", IntegrationState.Name(version.state)),
            ("triggers", "\n".join(trigger.trigger_id for trigger in version.trigger_configs)),
        ]
    )
