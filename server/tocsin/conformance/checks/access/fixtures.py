"""What the checks of access share."""

import pytest

from tocsin.conformance.checks.access.calls import Owned, owned_by
from tocsin.conformance.made import Made
from tocsin.conformance.peer import NotGivenError, Peer


@pytest.fixture
def owned(peer: Peer, made: Made) -> Owned:
    """A trigger of the run's caller, who has a credential."""
    if peer.authorization is None:
        raise NotGivenError("--token-file or --key")
    return owned_by(peer, made)
