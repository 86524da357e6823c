"""What the checks of ScheduleIntegrations share."""

import pytest

from tocsin.conformance.checks.schedule.scheduler import Scheduler
from tocsin.conformance.made import Made
from tocsin.conformance.peer import Peer


@pytest.fixture
def scheduler(peer: Peer, made: Made) -> Scheduler:
    return Scheduler(peer, made)
