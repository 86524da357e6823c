"""Defines `tocsin access bindings`, for the roles of subjects on resources."""

from typing import Annotated

import typer

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    LimitOption,
    ServerOption,
    connected,
    pages,
)
from tocsin.cli.terminal.lines import say
from tocsin.cli.terminal.output import Output, OutputOption, print_json, print_table
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

app = typer.Typer(no_args_is_help=True, help="Manage the roles of subjects on resources.")

SubjectArgument = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT",
        help="serviceAccount:ID, userAccount:ID, federatedUser:ISSUER:SUB, or "
        "allAuthenticatedUsers.",
    ),
]
RoleArgument = Annotated[str, typer.Argument(metavar="ROLE", help="The role, such as viewer.")]
ResourceArgument = Annotated[
    str,
    typer.Argument(metavar="RESOURCE", help="folders/ID, projects/ID, or '*' for everything."),
]
HEAD = ("RESOURCE", "SUBJECT", "ROLE", "FROM")


@app.command("add")
def add_binding(
    subject: SubjectArgument,
    role: RoleArgument,
    resource: ResourceArgument,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Give a subject a role on a resource and everything in it."""
    binding = contract.Binding(resource=resource, subject=subject, role=role)
    with connected(server, ca) as api:
        api.access.AddBinding(contract.AddBindingRequest(binding=binding))
    say(f"{subject} is {role} on {resource}")


@app.command("list")
def list_bindings(
    resource: Annotated[
        str, typer.Option("--resource", metavar="RESOURCE", help="Only on this resource.")
    ] = "",
    subject: Annotated[
        str, typer.Option("--subject", metavar="SUBJECT", help="Only of this subject.")
    ] = "",
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """List which subjects have which roles on which resources."""
    request = contract.ListBindingsRequest(resource=resource, subject=subject)
    with connected(server, ca) as api:
        bindings = list(pages(api.access.ListBindings, request, "bindings", limit))
    if output is Output.JSON:
        print_json(bindings)
    else:
        rows = [
            (
                binding.resource,
                binding.subject,
                binding.role,
                "settings" if binding.configured else "store",
            )
            for binding in bindings
        ]
        print_table(HEAD, rows, "There are no bindings.")


@app.command("remove")
def remove_binding(
    subject: SubjectArgument,
    role: RoleArgument,
    resource: ResourceArgument,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Take a role from a subject."""
    binding = contract.Binding(resource=resource, subject=subject, role=role)
    with connected(server, ca) as api:
        api.access.RemoveBinding(contract.RemoveBindingRequest(binding=binding))
    say(f"{subject} is no longer {role} on {resource}")
