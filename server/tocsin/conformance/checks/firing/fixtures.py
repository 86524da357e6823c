"""What the checks of firing share: one stage, and one set of executions."""

from collections.abc import Iterator

import pytest

from tocsin.conformance.checks.firing.executed import Executed
from tocsin.conformance.checks.firing.stage import Stage
from tocsin.conformance.made import Made
from tocsin.conformance.peer import NotGivenError, Peer
from tocsin.conformance.targets import Targets, listening


@pytest.fixture(scope="session")
def targets(peer: Peer) -> Iterator[Targets]:
    """The targets that the server under test calls."""
    if peer.options.target_listen is None:
        raise NotGivenError("--target-listen")
    targets = listening(peer.options.target_listen)
    yield targets
    targets.close()


@pytest.fixture(scope="session")
def stage(peer: Peer, targets: Targets) -> Iterator[Stage]:
    """Timers that tick together."""
    made = Made(peer)
    try:
        yield Stage(peer, targets, made)
    finally:
        left = made.undo()
    assert not left, f"left behind: {'; '.join(left)}"


@pytest.fixture(scope="session")
def executed(peer: Peer, targets: Targets, request: pytest.FixtureRequest) -> Executed:
    """Executions of the run's integration."""
    if any("stage" in getattr(item, "fixturenames", ()) for item in request.session.items):
        # The timers are made first: they wait for their minute while executions run.
        request.getfixturevalue("stage")
    return Executed(peer, targets)
