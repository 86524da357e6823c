"""Says what an error has besides in the first version of Google's format: the list `errors`.

Clients ask for that version with `$.xgafv=1` in the URL. The reasons are those of Google's older
APIs; https://cloud.google.com/apis/docs/system-parameters names the parameter.
"""

from collections.abc import Mapping
from typing import Final

import grpc

from tocsin.access import doors
from tocsin.contract.queries import parse_query
from tocsin.wire.calls import Arrival
from tocsin.wire.errors import ApiError
from tocsin.wire.rest.system_parameters import FORMAT

_BAD_REQUEST: Final = "badRequest"

_REASONS: Final[Mapping[grpc.StatusCode, str]] = {
    grpc.StatusCode.INVALID_ARGUMENT: _BAD_REQUEST,
    grpc.StatusCode.OUT_OF_RANGE: _BAD_REQUEST,
    grpc.StatusCode.FAILED_PRECONDITION: "failedPrecondition",
    grpc.StatusCode.UNAUTHENTICATED: "authError",
    grpc.StatusCode.PERMISSION_DENIED: "forbidden",
    grpc.StatusCode.NOT_FOUND: "notFound",
    grpc.StatusCode.ALREADY_EXISTS: "alreadyExists",
    grpc.StatusCode.ABORTED: "aborted",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "rateLimitExceeded",
    grpc.StatusCode.UNIMPLEMENTED: "notImplemented",
}
_OTHER: Final = "backendError"


def legacy_metadata(arrival: Arrival, error: ApiError) -> tuple[tuple[str, str], ...]:
    """Returns metadata by which Envoy adds the list to an error; none where nobody asked for it."""
    query = (arrival.url or "").partition("?")[2]
    if "xgafv" not in query:
        return ()
    try:
        asked = [value for name, value in parse_query(query) if name == FORMAT]
    except ValueError:
        return ()
    return ((doors.LEGACY_ERROR, _members(error)),) if asked[-1:] == ["1"] else ()


def _members(error: ApiError) -> str:
    wrong = [each.description.startswith("Invalid value at ") for each in error.violations]
    if wrong and all(wrong):  # Google names no domain then
        return '"reason":"invalid"'
    return f'"domain":"global","reason":"{_REASONS.get(error.code, _OTHER)}"'
