"""What fault tests have in common: a seed, a long and a short form, a target, servers that die."""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from faults.checking.evidence import Report
from faults.checking.journal import Journal
from stand.recording_target import Answer, Received, RecordingTarget


@dataclass(frozen=True)
class Run:
    """One run of a test: `seed` makes it again, `long` is the form of `make chaos`."""

    name: str
    seed: int
    long: bool
    chance: random.Random = field(repr=False)

    def tell(self, report: Report, **counts: object) -> None:
        """Prints what was done, and fails if anything is wrong."""
        form = "long" if self.long else "short"
        told = [f"{count:>8}  {name.replace('_', ' ')}" for name, count in counts.items()]
        text = "\n".join([f"\n{self.name}: {form}, --seed {self.seed}", *told, str(report)])
        sys.stdout.write(text + "\n")
        assert not report.problems, text


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    seed = request.config.getoption("--seed")
    if seed is None:
        seed = random.SystemRandom().randrange(1_000_000)
    long = bool(request.config.getoption("--long"))
    return Run(request.node.name, seed, long, random.Random(seed))


@pytest.fixture
def target() -> Iterator[RecordingTarget]:
    """Answers at once, but under /slow, where a server is often killed in the midst."""
    target = RecordingTarget()
    target.answers["/slow"] = slow
    yield target
    target.close()


def slow(_: Received) -> Answer:
    time.sleep(0.2)
    return Answer()


@pytest.fixture
def config(target: RecordingTarget) -> str:
    return f"""
        [targets]
        function = "{target.url}/functions/{{function_id}}"

        [misfires]
        policy = "fire_all"
        cap = 1000

        [integrations.nightly]
        triggers = ["api_trigger/nightly"]
        url = "{target.url}/nightly"

        [integrations.slow]
        triggers = ["api_trigger/slow"]
        url = "{target.url}/slow"

        [integrations.held]
        triggers = ["api_trigger/held"]
        url = "{target.url}/held"
    """


@pytest.fixture
def journal() -> Journal:
    return Journal()
