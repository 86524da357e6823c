"""Calls for methods that are tested without a server around them."""

from typing import Any

from tocsin.wire.calls import Arrival, Call


class Context:
    """As much of a gRPC context as a method's call needs: where it comes from, and metadata."""

    def __init__(self, peer: str = "", *metadata: tuple[str, str | bytes]) -> None:
        self._peer, self._metadata = peer, metadata
        self.built = 0
        self.trailing: tuple[tuple[str, str], ...] = ()

    def peer(self) -> str:
        return self._peer

    def invocation_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        self.built += 1
        return self._metadata

    def set_trailing_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.trailing = metadata


def arrival(peer: str = "", *metadata: tuple[str, str | bytes]) -> Arrival:
    context: Any = Context(peer, *metadata)
    return Arrival(context)


def call(*metadata: tuple[str, str | bytes]) -> Call:
    return Call(arrival("", *metadata))
