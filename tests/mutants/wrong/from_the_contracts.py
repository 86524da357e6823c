"""Twenty wrong servers, written from the contracts by a reader who had not seen the checks.

They break what a contract says; running the whole profile against each showed which clause of the
suite that is.
"""

import json
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc.error_details_pb2 import BadRequest
from grpc import StatusCode as Code

from mutants.changes import trigger_of
from mutants.declaring import mutant
from mutants.proxies.calls import Call, Forward, Reply, refused
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2, trigger_service_pb2


@mutant("triggers.get.not-found", number=2, at="TriggerService/Get")
def get_invents_a_trigger(call: Call, forward: Forward) -> Reply:
    """Answers Get of an id that does not exist with an empty trigger."""
    reply = forward(call.request)
    if reply.code is Code.NOT_FOUND:
        return Reply(message=trigger_pb2.Trigger(id=call.request.trigger_id))
    return reply


@mutant("triggers.list.page-size.fills", at="TriggerService/List")
def pages_of_fifty(call: Call, forward: Forward) -> Reply:
    """Takes a page size that is left out for 50."""
    call.request.page_size = call.request.page_size or 50
    return forward(call.request)


@mutant("triggers.list.pages.last-has-no-token", number=2, at="TriggerService/List")
def an_empty_page_more(call: Call, forward: Forward) -> Reply:
    """Gives the last page a token when it is full: the next one is empty."""
    if call.request.page_token == "nothing-more":
        call.request.page_token = ""
        reply = forward(call.request)
        if reply.ok:
            del reply.message.triggers[:]
            reply.message.next_page_token = ""
        return reply
    reply = forward(call.request)
    if reply.ok and len(reply.message.triggers) == call.request.page_size:
        reply.message.next_page_token = reply.message.next_page_token or "nothing-more"
    return reply


@mutant("triggers.update.no-mask.description-reset", number=2, at="TriggerService/Update")
def no_mask_is_what_is_set(call: Call, forward: Forward) -> Reply:
    """Takes a mask that is left out for the fields that have a value."""
    if not call.request.update_mask.paths:
        fields = [name for name in ("name", "description", "labels") if getattr(call.request, name)]
        if call.request.HasField("rule"):
            fields.append("rule")
        call.request.update_mask.paths.extend(fields)
    return forward(call.request)


@mutant("triggers.update.labels.replaced", number=2, at="TriggerService/Update")
def labels_are_merged(call: Call, forward: Forward) -> Reply:
    """Adds the labels of an Update to those that are there."""
    merged = {**trigger_of(call).labels, **call.request.labels}
    call.request.labels.update(merged)
    return forward(call.request)


@mutant("operations.delete.response.type", at="TriggerService/Delete")
def delete_answers_a_trigger(call: Call, forward: Forward) -> Reply:
    """Puts the deleted trigger into the operation of a Delete, where Empty has to be."""
    reply = forward(call.request)
    if reply.ok:
        reply.message.response.Pack(trigger_pb2.Trigger(id=call.request.trigger_id))
    return reply


@mutant("triggers.pause.again.answer")
def pausing_twice_is_refused(call: Call, forward: Forward) -> Reply:
    """Refuses to pause a trigger that is paused."""
    if call.method == "TriggerService/Pause":
        if call.memory.get(call.request.trigger_id) == "paused":
            return refused(Code.FAILED_PRECONDITION, "is paused")
        call.memory[call.request.trigger_id] = "paused"
    elif call.method == "TriggerService/Resume":
        call.memory[call.request.trigger_id] = "active"
    return forward(call.request)


@mutant("triggers.idempotency.other-request")
def a_key_hides_another_request(call: Call, forward: Forward) -> Reply:
    """Returns the first operation for an idempotency key, whatever is asked for with it."""
    key = dict(call.metadata).get("idempotency-key")
    if key is None:
        return forward(call.request)
    if key not in call.memory:
        call.memory[key] = forward(call.request)
    kept: Reply = call.memory[key]
    return kept


@mutant("triggers.errors.all-at-once")
def only_the_first_violation(call: Call, forward: Forward) -> Reply:
    """Names one violation of a request that has several."""
    reply = forward(call.request)
    for detail in reply.details:
        if isinstance(detail, BadRequest):
            del detail.field_violations[1:]
    return reply.but(text="\n".join(reply.text.splitlines()[:2]))


@mutant("operations.cancel.answers-operation", number=2, at="OperationService/Cancel")
def cancel_touches_what_is_done(call: Call, forward: Forward) -> Reply:
    """Moves modified_at of an operation that is done when it is cancelled."""
    reply = forward(call.request)
    if reply.ok:
        reply.message.modified_at.seconds += 1
    return reply


@mutant("operations.list.as-get", number=2, at="TriggerService/ListOperations")
def listed_without_metadata(call: Call, forward: Forward) -> Reply:
    """Leaves the metadata out of operations that are listed."""
    reply = forward(call.request)
    if reply.ok:
        for operation in reply.message.operations:
            operation.ClearField("metadata")
    return reply


@mutant("triggers.list.filter.open.not-equal", at="TriggerService/List")
def not_equal_is_equal(call: Call, forward: Forward) -> Reply:
    """Reads != in a filter as =."""
    call.request.filter = call.request.filter.replace("!=", "=")
    return forward(call.request)


@mutant("schedule.request-id.repeated", number=2, at="Executions/ScheduleIntegrations")
def a_repeat_runs_again(call: Call, forward: Forward) -> Reply:
    """Schedules a repeat with the same request id once more."""
    call.request.request_id = ""
    return forward(call.request)


@mutant("schedule.execution-id.used", number=2, at="Executions/ScheduleIntegrations")
def own_execution_ids_are_ignored(call: Call, forward: Forward) -> Reply:
    """Makes an execution id of its own where the caller has given one."""
    call.request.user_generated_execution_id = ""
    return forward(call.request)


@mutant("transcoding.timestamp.offset-east", where="requests", at="POST ")
def only_utc(request: Any, forward: Any) -> Any:
    """Refuses a scheduleTime whose offset is not Z."""
    if b'"scheduleTime"' in request.body:
        said = request.json.get("scheduleTime")
        if isinstance(said, str) and not said.endswith("Z"):
            honest = forward(request)
            wrong = {"error": {"code": 400, "message": "only Z", "status": "INVALID_ARGUMENT"}}
            return honest.but(status=400, reason="Bad Request").with_json(wrong)
    return forward(request)


@mutant("transcoding.answer.int64.string", number=2, where="requests", at="GET ")
def int64_is_a_number(request: Any, forward: Any) -> Any:
    """Shows int64 as a number of JSON: retryAttempts."""
    response = forward(request)
    if b"retryAttempts" not in response.body:
        return response

    def numbers(value: dict[str, Any]) -> dict[str, Any]:
        return {k: int(v) if k == "retryAttempts" else v for k, v in value.items()}

    return response.with_json(json.loads(response.body, object_hook=numbers))


@mutant("transcoding.field-mask.names-joined-by-commas", where="requests", at="PATCH ")
def a_mask_of_one(request: Any, forward: Any) -> Any:
    """Takes only the first path of an updateMask."""
    if b'"updateMask"' not in request.body:
        return forward(request)
    asked = request.json
    if isinstance(asked.get("updateMask"), str):
        asked["updateMask"] = asked["updateMask"].split(",")[0]
    return forward(request.with_json(asked))


@mutant("access.wrong-credential.triggers.get")
def a_wrong_credential_is_denied(call: Call, forward: Forward) -> Reply:
    """Answers PERMISSION_DENIED to a credential that nobody has."""
    reply = forward(call.request)
    if reply.code is Code.UNAUTHENTICATED and "authorization" in dict(call.metadata):
        return reply.but(code=Code.PERMISSION_DENIED, details=())
    return reply


@mutant("access.elsewhere.triggers.list", number=2, at="TriggerService/List")
def a_foreign_folder_looks_empty(call: Call, forward: Forward) -> Reply:
    """Shows a folder that the caller may not see as an empty one."""
    reply = forward(call.request)
    if reply.code is Code.PERMISSION_DENIED:
        return Reply(message=trigger_service_pb2.ListTriggersResponse())
    return reply


@mutant("descriptors.message.listtriggersrequest.fields", number=2, where="files")
def page_size_is_int32(response: Any) -> Any:
    """Describes ListTriggersRequest.page_size as an int32."""
    packed = response.file_descriptor_response.file_descriptor_proto
    for number, each in enumerate(packed):
        file = FileDescriptorProto.FromString(each)
        for message in file.message_type:
            if message.name == "ListTriggersRequest":
                next(f for f in message.field if f.name == "page_size").type = 5
                packed[number] = file.SerializeToString()
    return response
