"""Defines the error of the fixture."""

from collections.abc import Sequence


class TocsinError(Exception):
    """The server refused a call, or can't be reached; the message says why.

    Attributes:
        code: the name of gRPC's status, such as `INVALID_ARGUMENT`; empty if no call was made.
        fields: the paths of the fields that the server found wrong.
    """

    def __init__(self, message: str, *, code: str = "", fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.fields = tuple(fields)
