"""Runs wrong servers against the suite, in a process of its own, and prints what it saw.

    python -m mutants.running [--only PATTERN]… [--sample] [--profile] [--list]

One line of JSON for each check that ran. `--profile` runs the whole profile against each.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from conformance.suite import FOLDER, LOCATION, TRIGGER, config_for, key_file
from conformance.test_tocsin_fires import config_for as firing_config
from mutants.catching import Seen, catch
from mutants.declaring import Mutant
from mutants.proxies.calls import call_proxy
from mutants.proxies.requests import request_proxy
from mutants.replaying import replay
from mutants.wrong.all import MUTANTS, SAMPLE, STRANGERS
from stand.access.guarded import guarded
from stand.access.secured import PATIENT
from stand.recording_target import RecordingTarget
from stand.services.postgres_server import free_port
from stand.tocsin_process import serving
from tocsin.conformance.clauses import Clause
from tocsin.conformance.options import Options, fresh_folder

Become = Callable[[Mutant | None], None]
OPEN = ("triggers", "operations", "descriptors", "schedule", "executions", "transcoding")


@contextmanager
def proxied(grpc_address: str, http_address: str) -> Iterator[tuple[str, str, Become]]:
    """Runs the proxies of a server; yields their addresses, and what makes them a mutant."""
    with ExitStack() as stack:
        calls, call_address = stack.enter_context(call_proxy(grpc_address))
        requests, request_address = stack.enter_context(request_proxy(http_address))

        def become(wrong: Mutant | None) -> None:
            where = None if wrong is None else wrong.where
            changes = None if wrong is None else wrong.wrong
            calls.memory = {}
            calls.wrong = changes if where == "calls" else None
            calls.wrong_file = changes if where == "files" else None
            requests.wrong = changes if where == "requests" else None

        yield call_address, f"http://{request_address}", become


@contextmanager
def open_to_all(directory: Path) -> Iterator[tuple[Options, Become]]:
    """A server without access control behind proxies."""
    with (
        closing(RecordingTarget()) as target,
        serving(directory, config_for(target)) as server,
        proxied(server.grpc_address, server.http_address) as (address, rest, become),
    ):
        yield _options(address, rest, OPEN, folder=fresh_folder()), become


@contextmanager
def guarded_one(directory: Path) -> Iterator[tuple[Options, Become]]:
    """A server with access control behind proxies, and a caller with rights in one folder."""
    with (
        closing(RecordingTarget()) as target,
        guarded(directory, config_for(target) + PATIENT) as server,
    ):
        rights = [("admin", f"folders/{FOLDER}"), ("admin", "projects/conformance")]
        key = key_file(directory / "key", server.caller_with(rights))
        own = server.tocsin
        with proxied(own.grpc_address, own.http_address) as (address, rest, become):
            yield _options(address, rest, ("access",), folder=FOLDER, key_file=str(key)), become


def _options(address: str, rest: str | None, profiles: tuple[str, ...], **more: str) -> Options:
    return Options(
        target=address,
        rest=rest,
        location=LOCATION,
        integration="nightly",
        trigger_id=TRIGGER,
        profiles=profiles,
        **more,  # type: ignore[arg-type]
    )


@contextmanager
def firing_one(directory: Path) -> Iterator[tuple[Options, Become]]:
    """A server that fires at the suite's target; what it delivers is replayed for each mutant."""
    listen = f"127.0.0.1:{free_port()}"
    with (
        serving(directory, firing_config(f"http://{listen}"), http="off") as server,
        call_proxy(server.grpc_address) as (calls, address),
        replay() as replayed,
    ):

        def become(wrong: Mutant | None) -> None:
            over_grpc = wrong is not None and wrong.where == "calls"
            calls.wrong = wrong.wrong if wrong is not None and over_grpc else None
            replayed.wrong = None if wrong is None or over_grpc else wrong.wrong()

        options = _options(address, None, ("firing",), folder=fresh_folder(), target_listen=listen)
        yield options, become


STANDS = ((OPEN, open_to_all), (("access",), guarded_one), (("firing",), firing_one))


def chosen(only: Sequence[str], *, sample: bool, strangers: bool) -> list[Mutant]:
    """Returns the mutants whose id or clause fits a pattern."""
    among = STRANGERS if strangers else SAMPLE if sample else MUTANTS
    fits = [m for m in among if not only or any(fnmatchcase(m.id, each) for each in only)]
    return list(fits)


def each_with_its_check(
    mutants: Sequence[Mutant],
) -> Callable[[Sequence[Clause]], Iterator[tuple[Mutant | None, str]]]:
    """Plans: the honest server meets each check that a mutant is for, then each mutant its own."""

    def plan(_: Sequence[Clause]) -> Iterator[tuple[Mutant | None, str]]:
        for clause in dict.fromkeys(each.breaks for each in mutants):
            yield None, clause
        for each in mutants:
            yield each, each.breaks

    return plan


def each_with_its_profile(
    mutants: Sequence[Mutant], within: Sequence[str]
) -> Callable[[Sequence[Clause]], Iterator[tuple[Mutant | None, str]]]:
    """Plans: each mutant meets all checks of its profile."""

    def plan(clauses: Sequence[Clause]) -> Iterator[tuple[Mutant | None, str]]:
        for each in mutants:
            for clause in clauses:
                fits = not within or any(fnmatchcase(clause.id, pattern) for pattern in within)
                if clause.profile == each.profile and fits:
                    yield each, clause.id

    return plan


def _only(mutants: Sequence[Mutant]) -> str | None:
    """Returns what keeps timers from being made where no mutant is about them."""
    executions = "firing.execution"
    return executions if all(m.breaks.startswith(executions) for m in mutants) else None


def main(words: Sequence[str]) -> int:
    """Runs what the command line chooses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--strangers", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--within", action="append", default=[], metavar="PATTERN")
    asked = parser.parse_args(words)
    mutants = chosen(asked.only, sample=asked.sample, strangers=asked.strangers)

    def tell(seen: Seen) -> None:
        print(seen.to_json(), flush=True)

    for profiles, stand in STANDS:
        mine = [each for each in mutants if each.profile in profiles]
        if not mine:
            continue
        with (
            tempfile.TemporaryDirectory(prefix="tocsin-mutants-") as directory,
            stand(Path(directory)) as (options, become),
        ):
            plan = (
                each_with_its_profile(mine, asked.within)
                if asked.profile
                else each_with_its_check(mine)
            )
            catch(options, plan, become, tell, keeps=profiles == ("firing",), only=_only(mine))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
