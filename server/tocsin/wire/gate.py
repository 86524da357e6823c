"""What the gate does for a call before a method of ours sees it.

The order of a call: `Guard.admit` (who, by the metadata alone; how many calls they may make), then
the request is parsed and checked against its contract, then `Admitted.authorise` (may they), then
the method, then `Admitted.ended`.
"""

from typing import Any, Protocol

from google.protobuf.descriptor import MethodDescriptor

from tocsin.wire.calls import Arrival, Call
from tocsin.wire.errors import ApiError


class UnknownNeed(Exception):
    """Nothing says what a caller of a method needs; so the server does not start."""


class Admitted(Protocol):
    """A call whose caller is known, or need not be."""

    async def authorise(self, request: Any) -> Call:
        """Checks that the caller may do what the request asks for; returns the call of the method.

        Raises:
            ApiError: the caller may not; the error hides whether what they ask for exists.
        """

    def ended(self, outcome: bytes | ApiError | None) -> None:
        """Takes the answer of the call; None: its client hung up before. Must not raise."""


class Guard(Protocol):
    """Guards the calls of one method."""

    async def admit(self, arrival: Arrival) -> Admitted:
        """Checks who calls, and sets the arrival's caller, before the request is read.

        Raises:
            ApiError: the credential is missing or proves nobody, or the caller calls too often.
        """


class Gate(Protocol):
    def guard(self, method: MethodDescriptor) -> Guard:
        """Returns the guard of a method; it is called once for each method, at the start.

        Raises:
            UnknownNeed: nothing says what its callers need.
        """
