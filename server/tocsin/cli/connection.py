"""Connects commands to a server, and ends them with its errors."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from google.longrunning.operations_pb2_grpc import OperationsStub
from google.rpc import code_pb2, error_details_pb2
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from tocsin.cli.contexts.chosen import leave
from tocsin.cli.contexts.stored import checked_server
from tocsin.cli.credentials import API_KEY, IAM_TOKEN, authorization, with_credentials
from tocsin.cli.refusal import USAGE, refusal
from tocsin.printable import printable
from tocsin.schedule import SystemClock
from tocsin_protos.google.cloud.integrations.v1alpha.executions_pb2_grpc import ExecutionsStub
from tocsin_protos.google.cloud.integrations.v1alpha.integration_versions_pb2_grpc import (
    IntegrationVersionsStub,
)
from tocsin_protos.google.cloud.integrations.v1alpha.integrations_pb2_grpc import IntegrationsStub
from tocsin_protos.tocsin.v1 import clock_service_pb2
from tocsin_protos.tocsin.v1.access_service_pb2_grpc import AccessServiceStub
from tocsin_protos.tocsin.v1.clock_service_pb2_grpc import ClockServiceStub
from tocsin_protos.tocsin.v1.dead_letter_service_pb2_grpc import DeadLetterServiceStub
from tocsin_protos.tocsin.v1.event_service_pb2_grpc import EventServiceStub
from tocsin_protos.tocsin.v1.firing_service_pb2_grpc import FiringServiceStub
from tocsin_protos.tocsin.v1.folder_service_pb2_grpc import FolderServiceStub
from tocsin_protos.tocsin.v1.invocation_service_pb2_grpc import InvocationServiceStub
from tocsin_protos.tocsin.v1.job_service_pb2_grpc import JobServiceStub
from tocsin_protos.tocsin.v1.overview_service_pb2_grpc import OverviewServiceStub
from tocsin_protos.tocsin.v1.schedule_service_pb2_grpc import ScheduleServiceStub
from tocsin_protos.tocsin.v1.settings_service_pb2_grpc import SettingsServiceStub
from tocsin_protos.tocsin.v1.trigger_setup_service_pb2_grpc import TriggerSetupServiceStub
from tocsin_protos.tocsin.v1.watch_service_pb2_grpc import WatchServiceStub
from tocsin_protos.yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from tocsin_protos.yandex.cloud.operation.operation_service_pb2_grpc import OperationServiceStub
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

USUAL_SERVER = "127.0.0.1:50051"
LINT = "x-tocsin-lint"


def _own_server(ctx: typer.Context, server: str) -> str:
    """Leaves the context's key and authorities out if the command line names the server."""
    if is_typed(ctx, "server"):
        leave(ctx.find_root().meta)
    return server if ctx.resilient_parsing else checked_server(server)


ServerOption = Annotated[
    str,
    typer.Option(
        "--server",
        envvar="TOCSIN_SERVER",
        metavar="HOST:PORT",
        help="The server's gRPC address. The credential is that of TOCSIN_API_KEY or "
        "TOCSIN_IAM_TOKEN, or of a context.",
        is_eager=True,
        callback=_own_server,
    ),
]
CaOption = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        envvar="TOCSIN_CA",
        metavar="FILE",
        help="Use TLS, and trust the certificate authorities in this PEM file.",
    ),
]
FolderOption = Annotated[
    str | None,
    typer.Option("--folder", envvar="TOCSIN_FOLDER", metavar="ID", help="The folder's ID."),
]
OfFolderOption = Annotated[
    str | None,
    typer.Option(
        "--folder",
        envvar="TOCSIN_FOLDER",
        metavar="ID",
        help="The folder of a trigger that you name by its name.",
    ),
]
ListedFolderOption = Annotated[
    str | None,
    typer.Option(
        "--folder",
        envvar="TOCSIN_FOLDER",
        metavar="ID|''",
        help="Only of triggers in this folder; with '' of all.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="COUNT", help="List at most this many. [default: all]"),
]

# A reachable server answers in milliseconds, so a call that takes this long has failed.
CALL_SECONDS = 30
LARGEST_PAGE = 1000
KEEPALIVE_SECONDS = 20

CHANNEL_OPTIONS: list[tuple[str, Any]] = [
    # While a call is under way, a server that is gone is noticed.
    ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.max_receive_message_length", -1),
    # An HTTP proxy to the internet can't reach a server of one's own.
    ("grpc.enable_http_proxy", 0),
]

Blame = Callable[[str], str]
"""Returns where the user wrote the field of a path, such as `file.yaml:7: `; that of the empty path
is where the document begins."""

# Errors that come whatever a request says.
_NOT_OF_REQUEST = {
    code_pb2.CANCELLED,
    code_pb2.UNKNOWN,
    code_pb2.DEADLINE_EXCEEDED,
    code_pb2.INTERNAL,
    code_pb2.UNAVAILABLE,
    code_pb2.UNAUTHENTICATED,
}


class Connection:
    """Holds the stubs of one server's services."""

    def __init__(self, channel: grpc.Channel) -> None:
        # The generated stubs have no types.
        self.triggers: Any = TriggerServiceStub(channel)  # type: ignore[no-untyped-call]
        self.setups: Any = TriggerSetupServiceStub(channel)  # type: ignore[no-untyped-call]
        self.events: Any = EventServiceStub(channel)  # type: ignore[no-untyped-call]
        self.folders: Any = FolderServiceStub(channel)  # type: ignore[no-untyped-call]
        self.overview: Any = OverviewServiceStub(channel)  # type: ignore[no-untyped-call]
        self.operations: Any = OperationServiceStub(channel)  # type: ignore[no-untyped-call]
        self.long_running: Any = OperationsStub(channel)
        self.executions: Any = ExecutionsStub(channel)  # type: ignore[no-untyped-call]
        self.schedules: Any = ScheduleServiceStub(channel)  # type: ignore[no-untyped-call]
        self.integrations: Any = IntegrationsStub(channel)  # type: ignore[no-untyped-call]
        self.versions: Any = IntegrationVersionsStub(channel)  # type: ignore[no-untyped-call]
        self.invocations: Any = InvocationServiceStub(channel)  # type: ignore[no-untyped-call]
        self.watches: Any = WatchServiceStub(channel)  # type: ignore[no-untyped-call]
        self.firings: Any = FiringServiceStub(channel)  # type: ignore[no-untyped-call]
        self.jobs: Any = JobServiceStub(channel)  # type: ignore[no-untyped-call]
        self.dead_letters: Any = DeadLetterServiceStub(channel)  # type: ignore[no-untyped-call]
        self.settings: Any = SettingsServiceStub(channel)  # type: ignore[no-untyped-call]
        self.access: Any = AccessServiceStub(channel)  # type: ignore[no-untyped-call]
        self.iam_tokens: Any = IamTokenServiceStub(channel)  # type: ignore[no-untyped-call]
        self._clock: Any = ClockServiceStub(channel)  # type: ignore[no-untyped-call]

    def now(self) -> datetime:
        """Returns the server's time if it has a manual clock, else this machine's."""
        if self._clock is not None:
            try:
                response = self._clock.Get(clock_service_pb2.ClockServiceGetRequest())
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    raise
                self._clock = None
            else:
                now: datetime = response.now.ToDatetime(UTC)
                return now
        return SystemClock().now()


@contextmanager
def connected(server: str, ca: Path | None, blame: Blame = lambda _: "") -> Iterator[Connection]:
    """Connects to a server; a call that fails ends the program with its error.

    Args:
        server: HOST:PORT.
        ca: a PEM file with the authorities to trust; None means no TLS.
        blame: returns where the user wrote a field that the server finds wrong.
    """
    with channel_to(server, ca) as channel:
        try:
            yield Connection(with_credentials(channel, server, tls=ca is not None))
        except grpc.RpcError as error:
            raise refused_by(server, error, blame) from error


def channel_to(
    server: str, ca: str | Path | None, call_seconds: float = CALL_SECONDS
) -> grpc.Channel:
    """Opens a channel to HOST:PORT, whose calls end after so many seconds.

    `ca` is a PEM file with the authorities to trust; None means no TLS. Ends the program if it
    can't be read.
    """
    usual = {"name": [{}], "timeout": f"{call_seconds}s"}
    # A stream goes on until one of both ends it.
    streams = {"name": [{"service": "tocsin.v1.WatchService"}]}
    config = json.dumps({"methodConfig": [usual, streams]})
    options = [("grpc.service_config", config), *CHANNEL_OPTIONS]
    if ca is None:
        return grpc.insecure_channel(server, options=options)
    try:
        trusted = grpc.ssl_channel_credentials(Path(ca).read_bytes())
    except OSError as error:
        raise refusal(f"--ca {ca}: {error.strerror}", status=USAGE) from error
    return grpc.secure_channel(server, trusted, options=options)


def refused_by(server: str, error: Any, blame: Blame) -> typer.Exit:
    """Prints why a call failed, and returns the exception that ends the program."""
    status = rpc_status.from_call(error)
    if status is None and error.code() is grpc.StatusCode.UNAVAILABLE:
        why = printable(error.details().rpartition(": ")[2].strip("[]."))
        return refusal(
            f"UNAVAILABLE: no server answers at {server} ({why}). "
            "Start one with `tocsin serve`, or give its address by --server or TOCSIN_SERVER."
        )
    if status is None and error.code() is grpc.StatusCode.UNIMPLEMENTED:
        why = printable(error.details())
        return refusal(f"UNIMPLEMENTED: {server} does not serve this method: {why}")
    if status is None:
        status = Status(code=error.code().value[0], message=error.details())
    return refused_with(status, blame)


def refused_with(status: Status, blame: Blame) -> typer.Exit:
    """Prints an error with a line for each wrong field; returns the exception to raise."""
    code = code_pb2.Code.Name(status.code)
    if status.code == code_pb2.UNAUTHENTICATED and authorization(os.environ) is None:
        return refusal(f"{code}: the server requires a credential: set {API_KEY} or {IAM_TOKEN}")
    return refusal(*(f"{code}: {line}" for line in _faults_of(status, blame)))


def _faults_of(status: Status, blame: Blame) -> list[str]:
    """Returns a line for each wrong field, or one that says what is wrong with the request."""
    bad_request = error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(bad_request):
            return [
                blame(wrong.field) + printable(f"{wrong.field}: {wrong.description}")
                for wrong in bad_request.field_violations
            ]
    where = "" if status.code in _NOT_OF_REQUEST else blame("")
    return [where + printable(status.message)]


def reasons_of(error: Any) -> list[str]:
    """Returns why a call was refused, a line each, for the one who wrote what led to the call."""
    status = rpc_status.from_call(error)
    if status is None:
        return [f"{error.code().name}: {printable(error.details())}"]
    code = code_pb2.Code.Name(status.code)
    return [f"{code}: {line}" for line in _faults_of(status, lambda _: "")]


def linted(method: Any, request: Any) -> tuple[Any, list[str]]:
    """Calls a method; returns its answer, and what of the request may surprise people."""
    answer, call = method.with_call(request)
    found = [value for name, value in call.initial_metadata() if name == LINT]
    return answer, [line for text in found for line in text.split("; ")]


def pages(
    method: Any,
    request: Any,
    items: str,
    limit: int | None = None,
    look: Callable[[Any], None] = lambda _: None,
) -> Iterator[Any]:
    """Yields the items of a list, page by page.

    Args:
        method: the stub's list method.
        request: the request; its page fields are overwritten.
        items: the name of the response's repeated field.
        limit: the most items to yield; None means all.
        look: called with each response, to read its other fields.
    """
    left = limit
    while left is None or left > 0:
        request.page_size = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
        response = method(request)
        look(response)
        page = getattr(response, items)
        yield from page
        if left is not None:
            left -= len(page)
        request.page_token = response.next_page_token
        if not request.page_token:
            return


def folder_named(folder: str | None) -> str:
    """Returns the folder's ID; without one, ends the program and says how to give it."""
    if folder:
        return folder
    raise refusal("the folder is missing: give --folder ID or set TOCSIN_FOLDER", status=USAGE)


def is_typed(ctx: typer.Context, parameter: str) -> bool:
    """Returns whether an option stands on the command line, not in a variable."""
    source = ctx.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"
