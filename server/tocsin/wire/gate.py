"""Where a call is asked who makes it and whether it may, before a method of ours sees it.

The order of a call: `Guard.admit` (who, by the metadata alone; how many calls they may make), then
the request is parsed and checked against its contract, then `Admitted.authorise` (may they), then
the method, then `Admitted.ended`.
"""

from typing import Any, Protocol

from google.protobuf.descriptor import MethodDescriptor

from tocsin.wire.calls import Context
from tocsin.wire.errors import ApiError


class UnknownNeed(Exception):
    """Nothing says what a caller of a method needs; so the server does not start."""


class Admitted(Protocol):
    """One call that was let in: its caller is known, or need not be."""

    async def authorise(self, request: Any) -> None:
        """Checks that the caller may do what the request asks for.

        Raises:
            ApiError: they may not; whether what they ask for exists is not told.
        """

    def ended(self, outcome: bytes | ApiError | None) -> None:
        """Is told what the call is answered; None: its client hung up before. Must not raise."""


class Guard(Protocol):
    """Guards the calls of one method."""

    async def admit(self, context: Context) -> Admitted:
        """Checks who calls, and sets `CALLER`. Nothing of the request was read yet.

        Raises:
            ApiError: the credential is missing or proves nobody, or they call too often.
        """


class Gate(Protocol):
    def guard(self, method: MethodDescriptor) -> Guard:
        """Returns what guards the calls of a method; asked once for each, at the start.

        Raises:
            UnknownNeed: nothing says what its callers need.
        """
