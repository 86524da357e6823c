"""Calls ScheduleIntegrations over gRPC, or over REST alone where the server has no other way."""

from typing import Any
from urllib.parse import quote

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as Packed

from tocsin.conformance.declared.features import declared_missing
from tocsin.conformance.expecting import Code, rest_code, rest_error
from tocsin.conformance.peer import Answer, Peer, unpacked
from tocsin.conformance.wire.rest import RestAnswer
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2


def schedule(peer: Peer, request: Any) -> Answer:
    """Calls the method; Google publishes it as REST alone, so `schedule` may be missing."""
    if "schedule" not in declared_missing(peer.options.features):
        answer: Answer = peer.executions.ScheduleIntegrations(request)
        return answer
    body = json_format.MessageToDict(request)
    path = f"/v1/{quote(body.pop('name', ''))}:schedule"
    return _as_grpc(peer.rest("POST", path, json=body))


def _as_grpc(answer: RestAnswer) -> Answer:
    if answer.ok:
        told = json_format.ParseDict(answer.json, executions_pb2.ScheduleIntegrationsResponse())
        return Answer(told, Code.OK, "", (), (), ())
    error = rest_error(answer)
    details = tuple(_detail(each) for each in error.get("details", []))
    code = rest_code(answer) or Code.UNKNOWN
    return Answer(None, code, str(error.get("message", "")), details, (), ())


def _detail(told: Any) -> Any:
    try:
        return unpacked(json_format.ParseDict(told, Packed()))
    except json_format.ParseError:
        return Packed(type_url=str(told.get("@type", "")))
