"""Shows the nodes of a server in a live overview."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import grpc
from rich.text import Text

from tocsin.cli.connection import Connection
from tocsin.cli.invocations.following import AWAY
from tocsin.cli.invocations.view import seconds
from tocsin.cli.terminal.output import drawn
from tocsin_protos.tocsin.v1.overview_service_pb2 import Node, OverviewServiceGetRequest

# Nodes say so often that they are there.
READ_AFTER = timedelta(seconds=10)
HEAD = ("NODE", "STATE", "CLAIMS/MIN", "SHARE", "UNDER WAY", "VERSION", "SEEN", "CLOCK BEHIND")
NEVER = datetime.min.replace(tzinfo=UTC)
# Not those of a server without this method, and not for everybody.
HIDDEN = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED)


class Nodes:
    """Reads the nodes now and then; `api` is where."""

    def __init__(self, api: Connection) -> None:
        self._api = api
        self._read_at = NEVER
        self._nodes: Sequence[Node] = ()

    def at(self, now: datetime) -> Sequence[Node]:
        """Returns the nodes as they were at most `READ_AFTER` before; none if they are hidden."""
        if now - self._read_at < READ_AFTER:
            return self._nodes
        self._read_at = now
        try:
            # Those of a folder would not be shown.
            self._nodes = self._api.overview.Get(OverviewServiceGetRequest()).nodes
        except grpc.RpcError as error:
            if error.code() in HIDDEN:
                self._nodes, self._read_at = (), datetime.max.replace(tzinfo=UTC) - READ_AFTER
            elif error.code() not in AWAY:
                raise
            # The stream tells that the server is away.
        return self._nodes


def table(nodes: Sequence[Node], now: datetime, width: int) -> Text:
    """Returns the nodes as a table for a terminal of that width."""
    return drawn(HEAD, [_row(node, now) for node in nodes], lambda _row, _fitting: "", width)


def _row(node: Node, now: datetime) -> tuple[str, ...]:
    seen = max((now - node.seen_at.ToDatetime(UTC)).total_seconds(), 0)
    behind = node.clock_behind.ToTimedelta() if node.HasField("clock_behind") else None
    return (
        node.host or node.name,
        "LOST" if node.lost else "ALIVE",
        str(node.claims),
        f"{node.share:.0%}",
        str(node.under_way),
        node.version,
        f"{seen:.0f} s ago",
        seconds(behind) or "-",
    )
