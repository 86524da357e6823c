"""From bytes on the wire to a method of ours and back: parse, check, call, answer."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from tocsin.api import errors
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import Violation, validator
from tocsin.plans.errors import PlanError
from tocsin.store.database import StoreUnavailable

log = structlog.get_logger(__name__)

Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]
# A method may answer with the bytes of its response, as the store keeps them.
Method: TypeAlias = Callable[[Any, Context], Awaitable[Message | bytes]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A method whose requests have rules beyond the options of their contract.

    What they break is reported together with what the options find.
    """

    method: Method
    violations_of: Callable[[Any], Sequence[Violation]]


Served: TypeAlias = Method | Checked


def service_handler(
    service: ServiceDescriptor, methods: Mapping[str, Served]
) -> grpc.GenericRpcHandler:
    """Binds each method of a service's contract to the one that serves it.

    Raises:
        ValueError: a method of the contract is not served, or one is that it does not have.
    """
    if odd := sorted(methods.keys() ^ {method.name for method in service.methods}):
        raise ValueError(f"{service.full_name} is not served as its contract says: {odd}")
    return grpc.method_handlers_generic_handler(
        service.full_name,
        {name: _unary(service.methods_by_name[name], served) for name, served in methods.items()},
    )


def _unary(descriptor: MethodDescriptor, served: Served) -> "grpc.RpcMethodHandler[bytes, bytes]":
    checked = served if isinstance(served, Checked) else Checked(served, lambda _: ())
    parse = message_factory.GetMessageClass(descriptor.input_type).FromString
    violations_of = validator(descriptor.input_type)

    async def serve(received: bytes, context: Context) -> bytes:
        try:
            request = parse(received)
            if violations := [
                *nul_violations(request, received),
                *violations_of(request),
                *checked.violations_of(request),
            ]:
                raise errors.invalid(violations)
            answer = await checked.method(request, context)
            return answer if isinstance(answer, bytes) else answer.SerializeToString()
        except errors.ApiError as error:
            refusal = error
        except PlanError as error:
            refusal = errors.invalid_field(error.field, error.reason)
        except StoreUnavailable as error:
            log.warning("store unavailable", method=descriptor.full_name, error=str(error))
            refusal = errors.store_unavailable()
        except DecodeError:
            refusal = errors.malformed_request()
        except Exception:
            log.exception("call failed", method=descriptor.full_name)
            refusal = errors.internal()
        return await _refuse(context, refusal)

    # Messages are parsed above, not by gRPC, so that what can't be parsed is the client's error.
    return grpc.unary_unary_rpc_method_handler(serve)


async def _refuse(context: Context, error: errors.ApiError) -> bytes:
    request_id = _request_id(context)
    status = rpc_status.to_status(errors.to_status(error, request_id))
    await context.abort(
        status.code, status.details, (*status.trailing_metadata, ("x-request-id", request_id))
    )


def _request_id(context: Context) -> str:
    """Returns the client's own, where it can stand in metadata again."""
    sent = (metadata_value(context, "x-request-id") or "")[:64]
    return sent if sent and sent.isascii() and sent.isprintable() else str(uuid.uuid4())


def metadata_value(context: Context, key: str) -> str | None:
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode("ascii", "replace")
    return None
