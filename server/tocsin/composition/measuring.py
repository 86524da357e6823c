"""Starts telemetry, and serves the metrics."""

import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version

from tocsin.access.permissions.roles import Permission
from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.grpc_server import StartError
from tocsin.gate.door_guard import DoorGuard
from tocsin.gate.guarding import CallGate
from tocsin.settings import Address
from tocsin.settings.addresses import ALL_NAMES
from tocsin.store.overview.single_triggers import Wanted
from tocsin.telemetry.exposition import Exposition
from tocsin.telemetry.metrics_door import MetricsDoor
from tocsin.telemetry.opening import Telemetry, open_telemetry


def start_telemetry(
    stack: AsyncExitStack,
    listen: Address | None,
    door: MetricsDoor | None,
    *,
    exclusive: bool,
    node: str,
) -> tuple[Telemetry, Address | None]:
    """Starts telemetry; returns it with the address of the metrics, if they are served.

    Args:
        stack: closes everything at the end.
        listen: the address for the metrics; None for none.
        door: decides who may fetch them; None lets everyone.
        exclusive: whether the store belongs to this node alone.
        node: this node's name.

    Raises:
        StartError: the address can't be listened on.
    """
    telemetry = open_telemetry(
        os.environ,
        MACHINE_CLOCK,
        with_metrics=listen is not None,
        exclusive=exclusive,
        version=version("tocsin"),
        instance=node,
    )
    metrics = _serve_metrics(stack, listen, telemetry, door)
    # Exporters close before the metrics' server, so that a stopping server can be scraped.
    stack.push_async_callback(telemetry.close)
    return telemetry, metrics


def _serve_metrics(
    stack: AsyncExitStack,
    listen: Address | None,
    telemetry: Telemetry,
    door: MetricsDoor | None,
) -> Address | None:
    if listen is None or telemetry.metrics is None:
        return None
    try:
        exposition = Exposition(telemetry.metrics.registry, *listen, door)
    except OSError as error:
        raise StartError(
            f"metrics can't be served on {listen}: {error.strerror}. Give --metrics another address"
        ) from error
    stack.push_async_callback(exposition.close)
    return Address(listen.host, exposition.port)


def wanted_triggers(named: Sequence[str]) -> Wanted:
    """Returns the triggers that the settings name: by id, as FOLDER/NAME, or FOLDER/* for all."""
    parted = [each.rpartition("/") for each in named]
    return Wanted(
        ids=[name for folder, _, name in parted if not folder],
        named=[(folder, name) for folder, _, name in parted if folder and name != ALL_NAMES],
        folders=[folder for folder, _, name in parted if folder and name == ALL_NAMES],
    )


def guard_metrics(door: MetricsDoor | None, gate: CallGate | None) -> None:
    """Lets the gate decide who may fetch the metrics."""
    if door is not None and gate is not None:
        door.guard_by(DoorGuard(gate, "metrics", Permission.METRICS_GET).check)
