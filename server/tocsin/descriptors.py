"""Shares out the file descriptors that this process may open."""

import resource
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

# More than any node needs; a system may allow "infinitely" many and refuse that number.
MOST = 1_048_576
# macOS allows no more to a process that did not ask for it by name.
MOST_ON_MACOS = 10_240
# The store, the log, listeners, sources and dead letter queues take their descriptors from these.
OWN = 256


@dataclass(frozen=True, slots=True)
class Shares:
    """Holds how many deliveries and connections the descriptors are enough for."""

    deliveries: int
    connections: int
    """Connections of clients to the gRPC server."""
    envoy_connections: int
    """Connections of clients to Envoy, which has as many descriptors of its own."""


def raise_limit() -> None:
    """Raises this process's soft limit of descriptors to its hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    for wanted in (most, min(most, MOST_ON_MACOS)):
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as error:
            log.warning("could not raise the limit of open files", wanted=wanted, error=str(error))
        else:
            return


def current_limit() -> int:
    """Returns how many descriptors this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else soft


def share_out(limit: int, *, deliveries: int, connections: int) -> Shares:
    """Returns what of the wanted deliveries and connections the limit allows; warns if it is less.

    A delivery takes one descriptor, and leaves a connection that is kept for a moment.
    """
    left = max(limit - OWN, 4)
    of_deliveries = min(deliveries, max(left // 4, 1))
    shares = Shares(
        of_deliveries, min(connections, left - 2 * of_deliveries), min(connections, left)
    )
    if shares != Shares(deliveries, connections, connections):
        log.warning(
            "the limit of open files is lower than the settings need: raise it with `ulimit -n` "
            "or LimitNOFILE",
            limit=limit,
            deliveries_at_once=shares.deliveries,
            deliveries_wanted=deliveries,
            connections=shares.connections,
            connections_wanted=connections,
        )
    return shares
