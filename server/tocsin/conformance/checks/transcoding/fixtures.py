"""What the checks of transcoding share."""

import pytest

from tocsin.conformance.checks.transcoding.made_triggers import MadeTriggers
from tocsin.conformance.checks.transcoding.scheduled import Scheduled
from tocsin.conformance.made import Made
from tocsin.conformance.peer import Peer


@pytest.fixture
def triggers(peer: Peer, made: Made) -> MadeTriggers:
    return MadeTriggers(peer, made)


@pytest.fixture
def schedules(peer: Peer, made: Made) -> Scheduled:
    return Scheduled(peer, made)
