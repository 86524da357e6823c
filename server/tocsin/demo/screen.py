"""Writes the demo's output: a header, then an entry for each thing that happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from tocsin.demo.client import (
    API_TRIGGER,
    CRON,
    FOLDER,
    INTEGRATION,
    SCHEDULE_PATH,
    TIMER,
    Outcome,
)
from tocsin.demo.layout import laid_out
from tocsin.demo.server import Doors
from tocsin.demo.target import Call
from tocsin.printable import printable

STYLES = {
    "created": "cyan",
    "scheduled": "cyan",
    "called": "bold yellow",
    "SUCCEEDED": "bold green",
    "FAILED": "bold red",
    "deleted": "magenta",
    "paused": "magenta",
    "resumed": "magenta",
}
# The column of an entry's text, after a time, a label and gaps.
TEXT_COLUMN = 25
# The column of a body; with it, a tick's lines fit 80 columns.
BODY_COLUMN = 4
WIDEST = 120


class Screen:
    """Writes lines without breaking them, so that people can copy them.

    On a terminal the lines are coloured, with a countdown below them.
    """

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        self._console = console
        self._now = now
        self._json = JSONHighlighter()
        # The expected events and their instants, for the countdown.
        self._expected: dict[str, datetime] = {}

    def starting(self) -> None:
        name = Text.assemble(("Tocsin", "bold"), f" {version('tocsin')} ")
        self._line(name, ("demo: a timer ticks, an integration runs", "dim"))

    def header(self, doors: Doors, target: str, directory: Path, log: Path) -> None:
        self._line()
        self._address("gRPC", doors.grpc)
        if doors.http is not None:
            self._address("REST", f"http://{doors.http}", "by Envoy")
        self._address("data", str(directory), "removed when the demo ends")
        self._address("log", str(log), "the server's")
        self._address("target", target, "this process; it shows the calls it gets")
        self._line(("  Times are in UTC, like cron expressions.", "dim"))
        if doors.http is not None:
            self._your_turn(doors.http)
        self._line()

    def without_rest(self, reason: str) -> None:
        self._line()
        self._line(("REST IS OFF. ", "bold red"), reason)
        self._line("The demo goes on with gRPC alone.")

    def created(self, trigger_id: str, next_tick: datetime | None) -> None:
        self._entry("created", f"trigger {TIMER}", "over gRPC")
        self._more(f"id {trigger_id}")
        if next_tick is not None:
            self._more(f"cron {CRON}   next tick {next_tick:%H:%M:%S}")
        self.expect_tick(next_tick)

    def scheduled(self, execution_id: str, schedule_time: datetime, *, rest: bool) -> None:
        door = "over REST" if rest else "over gRPC"
        self._entry(
            "scheduled", f"integration {INTEGRATION} for {_clock_time(schedule_time)}", door
        )
        self._more(f"execution {execution_id}")
        self._expected[f"{INTEGRATION} runs"] = schedule_time

    def called(self, call: Call) -> None:
        self._entry("called", f"{call.kind} {call.name}", _lateness(call), instant=call.arrived)
        self._more(f"request id {call.request_id}")
        width = min(self._console.width, WIDEST) - BODY_COLUMN
        for line in laid_out(call.body, width):
            self._line(" " * BODY_COLUMN, self._json(printable(line)))

    def ended(self, execution_id: str, outcome: Outcome) -> None:
        self._entry(outcome.state, f"execution {execution_id}")
        if outcome.error:
            self._more(outcome.error)
        for line in laid_out(outcome.response, self._console.width - TEXT_COLUMN - 9):
            self._line(" " * TEXT_COLUMN, "response ", self._json(printable(line)))

    def changed(self, trigger_id: str, ticks: bool | None) -> None:
        """Shows that a person paused, resumed or (None) deleted the timer."""
        self.expect_tick(None)
        label = "deleted" if ticks is None else "resumed" if ticks else "paused"
        self._entry(label, f"trigger {TIMER}", trigger_id)

    def expect_tick(self, tick: datetime | None) -> None:
        if tick is None:
            self._expected.pop(f"{TIMER} ticks", None)
        else:
            self._expected[f"{TIMER} ticks"] = tick

    def waiting(self) -> None:
        """Shows the expected events, unless a countdown does."""
        if not self._console.is_terminal:
            self._entry("waiting", self._countdown())

    def serving(self, trigger_id: str, *, rest: bool) -> None:
        self._line()
        self._line(
            "The server goes on, and the timer ticks every minute. ", ("Ctrl-C ends it.", "bold")
        )
        if rest:
            self._line(("To pause the timer (:resume resumes it):", "dim"))
            self._line()
            self._line(f"  curl -X POST $REST/triggers/v1/triggers/{trigger_id}:pause")
        self._line()

    def stopping(self) -> None:
        self._line()
        self._line("Stopping.")

    def stopped(self) -> None:
        self._line("Stopped; nothing is left behind.")

    @contextmanager
    def countdown(self) -> Iterator[None]:
        """Keeps a countdown to the next events below the entries, on a terminal."""
        if not self._console.is_terminal:
            yield
            return
        with Live(
            console=self._console,
            get_renderable=_Footer(self._countdown),
            refresh_per_second=10,
            transient=True,
        ):
            yield

    def _countdown(self) -> str:
        now = self._now()
        coming = sorted(self._expected.items(), key=lambda item: item[1])
        parts = [
            f"{event} in {(instant - now).total_seconds():.1f} s"
            for event, instant in coming
            if instant > now
        ]
        return ", ".join(parts) or "waiting for calls"

    def _your_turn(self, http: str) -> None:
        self._line()
        self._line(("Your turn, in another terminal:", "dim"))
        self._line()
        self._line(f"  REST=http://{http}")
        self._line(f'  curl "$REST/triggers/v1/triggers?folderId={FOLDER}"')
        self._line(f"  curl $REST{SCHEDULE_PATH} \\")
        self._line(f"""    -d '{{"triggerId": "{API_TRIGGER}"}}'""")

    def _address(self, name: str, where: str, what: str = "") -> None:
        self._line(f"  {name:<8}", (where, "bold"), (f"  ({what})" if what else "", "dim"))

    def _entry(self, label: str, what: str, *notes: str, instant: datetime | None = None) -> None:
        self._line(
            (_clock_time(instant or self._now()), "dim"),
            "  ",
            (f"{label:<9}", STYLES.get(label, "dim")),
            f"  {what}",
            ("".join(f"   {note}" for note in notes), "dim"),
        )

    def _more(self, text: str) -> None:
        self._line(" " * TEXT_COLUMN, (text, "dim"))

    def _line(self, *parts: str | Text | tuple[str, str]) -> None:
        """Writes one line; what a call, an answer or an error brings can't steer the terminal."""
        self._console.print(Text.assemble(*map(_safe, parts)), soft_wrap=True)


def _safe(part: str | Text | tuple[str, str]) -> Text:
    match part:
        case str():
            return Text(printable(part))
        case (text, style):
            return Text(printable(text), style)
        case Text():
            return part


class _Footer:
    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._spinner = Spinner("dots", style="cyan")

    def __call__(self) -> Spinner:
        self._spinner.update(text=Text(self._text(), style="dim", no_wrap=True))
        return self._spinner


def _clock_time(instant: datetime) -> str:
    return instant.strftime("%H:%M:%S.%f")[:-3]


def _lateness(call: Call) -> str:
    if call.due is None:
        return ""
    late = (call.arrived - call.due).total_seconds() * 1000
    return f"due {_clock_time(call.due)}, {late:.0f} ms late"
