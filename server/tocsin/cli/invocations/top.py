"""Defines `tocsin top`, a live overview."""

import signal
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tocsin.cli.connection import (
    USUAL_SERVER,
    CaOption,
    ListedFolderOption,
    ServerOption,
    connected,
)
from tocsin.cli.invocations import nodes as nodes_view
from tocsin.cli.invocations import view as invocation_view
from tocsin.cli.invocations.following import follow, is_reset
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import Output, OutputOption, people_console, print_json_line
from tocsin_protos.tocsin.v1.invocation_pb2 import Invocation
from tocsin_protos.tocsin.v1.watch_service_pb2 import WatchedCounts, WatchRequest, WatchResponse

# The rate is that of so many seconds.
RATE_SECONDS = 60
FAILED = (Invocation.STATE_FAILED, Invocation.STATE_DEAD_LETTERED, Invocation.STATE_RETRYING)
MOST_FAILURES = 50
# Lines of the terminal for the numbers, the heads and the cursor.
KEPT_FREE = 6
HEAD = ("TIME", "DUE", "OLDEST", "UNDER WAY", "RETRYING", "WAITING", "SUCCEEDED", "FAILED")
ENDED_BADLY = ("failed", "dead_lettered")
NEVER = datetime.min.replace(tzinfo=UTC)

app = typer.Typer(rich_markup_mode="markdown")


class Ended(NamedTuple):
    """Counts what ended until an instant."""

    at: datetime
    succeeded: int
    failed: int


@dataclass
class Seen:
    """What the stream has shown so far."""

    counts: WatchedCounts = field(default_factory=WatchedCounts)
    at: datetime = NEVER
    ended: deque[Ended] = field(default_factory=deque)
    failures: dict[str, Invocation] = field(default_factory=dict)

    def add(self, response: WatchResponse) -> None:
        self.at = response.sent_at.ToDatetime(UTC)
        if is_reset(response):
            self.failures.clear()
        if response.HasField("counts"):
            self.counts = counts = response.counts
            failed = sum(getattr(counts, name) for name in ENDED_BADLY)
            self.ended.append(Ended(self.at, counts.succeeded, failed))
        for invocation in response.invocations:
            self.failures.pop(invocation.id, None)
            if invocation.state in FAILED:
                self.failures[invocation.id] = invocation
        while len(self.failures) > MOST_FAILURES:
            del self.failures[next(iter(self.failures))]
        while self.ended and (self.at - self.ended[0].at).total_seconds() > RATE_SECONDS:
            self.ended.popleft()

    def row(self) -> tuple[str, ...]:
        """Returns the numbers, under HEAD; the last two are of the last minute."""
        counts, more = self.counts, "+" if self.counts.capped else ""
        oldest = "-"
        if counts.HasField("oldest_due_at"):
            late = (self.at - counts.oldest_due_at.ToDatetime(UTC)).total_seconds()
            oldest = f"{max(late, 0):.0f} s"
        waits = (counts.due, oldest, counts.under_way, counts.retrying, counts.waiting)
        succeeded = sum(each.succeeded for each in self.ended)
        failed = sum(each.failed for each in self.ended)
        return (
            f"{self.at:%H:%M:%S}",
            *(each if isinstance(each, str) else f"{each}{more}" for each in waits),
            *(f"{number}/min" for number in (succeeded, failed)),
        )


@app.command()
def top(
    folder: ListedFolderOption = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Show what waits, what is under way, what ends and what fails, until Ctrl-C.

    On a terminal it keeps a screen up to date, with the nodes; elsewhere it prints a line for each
    change of the counts, and with `-o json` a message a line. Times are in UTC.
    """
    # The screen must restore the terminal, however the command ends.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    topics = [WatchRequest.TOPIC_COUNTS, WatchRequest.TOPIC_INVOCATIONS]
    request = WatchRequest(topics=topics, folder_id=folder or "")
    console = people_console()
    try:
        with connected(server, ca) as api:
            if output is Output.TABLE and console.is_terminal:
                with Live(Text(""), console=console, auto_refresh=False) as live:
                    nodes = nodes_view.Nodes(api)
                    _draw(follow(api, request, live.console.print), nodes, live, console)
            else:
                _print(follow(api, request, note), output)
    except KeyboardInterrupt:
        return


def _print(responses: Iterator[WatchResponse], output: Output) -> None:
    seen = Seen()
    if output is Output.TABLE:
        say(_line(HEAD))
    for response in responses:
        seen.add(response)
        if not response.HasField("counts"):
            continue
        if output is Output.JSON:
            print_json_line(response.counts)
        else:
            say(_line(seen.row()))


def _draw(
    responses: Iterator[WatchResponse], nodes: nodes_view.Nodes, live: Live, console: Console
) -> None:
    seen = Seen()
    for response in responses:
        seen.add(response)
        numbers = Text(f"{_line(HEAD)}\n{_line(seen.row())}\n", no_wrap=True, overflow="ellipsis")
        parts = [numbers]
        if alive := nodes.at(seen.at):
            parts += [nodes_view.table(alive, seen.at, console.width), Text("")]
        failures = list(reversed(seen.failures.values()))
        shown = Text("Nothing has failed since.", style="dim")
        if failures:
            lines = invocation_view.table(failures, console.width).split("\n")
            shown = Text("\n", no_wrap=True, overflow="ellipsis").join(
                lines[: max(console.height - KEPT_FREE - (len(alive) + 2 if alive else 0), 1)]
            )
        live.update(Group(*parts, shown, Text("Ctrl-C ends it.", style="dim")), refresh=True)


def _line(cells: tuple[str, ...]) -> str:
    return "  ".join(f"{cell:<{max(len(head), 9)}}" for cell, head in zip(cells, HEAD, strict=True))
