"""Sources that are asked for their events, as the API shows how they stand."""

from stand.apis.events import source_of
from stand.services.amazon import until
from stand.tocsin_process import Tocsin


def connected(server: Tocsin, trigger_id: str) -> None:
    """Waits until a trigger's source answers."""
    until(
        lambda: source_of(server.grpc_address, trigger_id).get("connected"), "it is not connected"
    )


def not_connected(server: Tocsin, trigger_id: str) -> None:
    """Waits until a trigger's source is asked no more."""
    until(
        lambda: not source_of(server.grpc_address, trigger_id).get("connected"), "it is still read"
    )
