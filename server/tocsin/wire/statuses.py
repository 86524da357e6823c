"""Turns an error into a `google.rpc.Status`."""

from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from tocsin.wire.errors import ApiError

DOMAIN = "tocsin"


def to_status(error: ApiError, request_id: str) -> status_pb2.Status:
    """Returns the error with its details: the reason, the violated fields, the request id."""
    details = [
        error_details_pb2.ErrorInfo(
            reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata)
        ),
        *error.details,
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if error.violations:
        fields = [
            error_details_pb2.BadRequest.FieldViolation(
                field=violation.field, description=violation.description
            )
            for violation in error.violations
        ]
        details.insert(0, error_details_pb2.BadRequest(field_violations=fields))
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status
