"""Calls for methods that are tested without a server around them."""

from typing import Any

from tocsin.wire.calls import Arrival, Call


class Context:
    """As much of a gRPC context as a call needs: where it comes from, metadata, its message."""

    def __init__(
        self, peer: str = "", *metadata: tuple[str, str | bytes], message: bytes = b""
    ) -> None:
        self._peer, self._metadata, self._message = peer, metadata, message
        self.built = 0
        self.initial: tuple[tuple[str, str], ...] = ()
        self.trailing: tuple[tuple[str, str], ...] = ()

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.initial = metadata

    async def read(self) -> bytes:
        return self._message

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
