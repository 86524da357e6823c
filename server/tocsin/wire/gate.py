"""What the gate does for a call before a method of ours sees it.

The order of a call: `Guard.admit` (who calls, by the metadata alone, and how often), the request is
parsed, `Admitted.authorise` (may they), the request is checked against its contract,
`Admitted.charge` (quotas), the method, `Admitted.ended`. So callers who may not make a call learn
nothing of the rules that its request breaks.
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

        The request was parsed, but it may still break any rule of its contract.

        Raises:
            ApiError: the caller may not; the error hides whether what they ask for exists.
        """

    async def charge(self, request: Any) -> None:
        """Counts what a valid request brings against the quotas.

        Raises:
            ApiError: a quota is used up.
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
