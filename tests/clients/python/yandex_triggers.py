"""A program as users of the vendor's Python SDK write it: the scenarios of `yandex.py`.

Runs in the vendors' environment and imports nothing of ours.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import grpc
import yandexcloud
from google.protobuf.empty_pb2 import Empty
from yandex.cloud.endpoint import api_endpoint_service_pb2 as endpoint_service
from yandex.cloud.endpoint.api_endpoint_service_pb2_grpc import ApiEndpointServiceStub
from yandex.cloud.iam.v1 import iam_token_service_pb2 as iam
from yandex.cloud.iam.v1.iam_token_service_pb2_grpc import IamTokenServiceStub
from yandex.cloud.serverless.triggers.v1 import trigger_pb2 as triggers
from yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as service
from yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import TriggerServiceStub

ENDPOINT = os.environ["ENDPOINT"]
FOLDER = os.environ["FOLDER"]


def tell(step: str, **seen: Any) -> None:
    print(json.dumps({"step": step, **seen}), flush=True)


def credential() -> dict[str, Any]:
    if key_file := os.environ.get("KEY_FILE"):
        return {"service_account_key": json.loads(Path(key_file).read_text())}
    if oauth_token := os.environ.get("OAUTH_TOKEN"):
        return {"token": oauth_token}
    return {"iam_token": os.environ["IAM_TOKEN"]}


def sdk(**options: Any) -> yandexcloud.SDK:
    certificates = Path(os.environ["CA_FILE"]).read_bytes()
    return yandexcloud.SDK(
        endpoint=ENDPOINT, root_certificates=certificates, **credential(), **options
    )


def timer(cron: str) -> triggers.Trigger.Rule:
    return triggers.Trigger.Rule(
        timer=triggers.Trigger.Timer(
            cron_expression=cron,
            invoke_function_with_retry=triggers.InvokeFunctionWithRetry(function_id="d4efunction"),
        )
    )


def shown(trigger: triggers.Trigger) -> dict[str, Any]:
    return {
        "id": trigger.id,
        "folder": trigger.folder_id,
        "name": trigger.name,
        "description": trigger.description,
        "labels": dict(trigger.labels),
        "status": triggers.Trigger.Status.Name(trigger.status),
        "cron": trigger.rule.timer.cron_expression,
        "function": trigger.rule.timer.invoke_function_with_retry.function_id,
    }


def lifecycle() -> None:
    yandex = sdk(retry_policy=yandexcloud.RetryPolicy())
    client = yandex.client(TriggerServiceStub)

    def mutate(method: str, request: Any, response: Any = triggers.Trigger) -> Any:
        metadata = getattr(service, f"{method}TriggerMetadata")
        return yandex.create_operation_and_get_result(
            request, TriggerServiceStub, method, response, metadata, timeout=30
        )

    created = mutate(
        "Create",
        service.CreateTriggerRequest(
            folder_id=FOLDER,
            name="nightly",
            description="made",
            labels={"team": "night"},
            rule=timer("0 3 * * ? *"),
        ),
    )
    trigger_id = created.meta.trigger_id
    tell("create", metadata=trigger_id, trigger=shown(created.response))
    other = service.CreateTriggerRequest(folder_id=FOLDER, name="hourly", rule=timer("0 * ? * * *"))
    tell("create another", trigger=shown(mutate("Create", other).response))

    tell("get", trigger=shown(client.Get(service.GetTriggerRequest(trigger_id=trigger_id))))
    named = service.ListTriggersRequest(folder_id=FOLDER, filter='name = "nightly"')
    tell("list by name", ids=[each.id for each in client.List(named).triggers])
    tell("list by pages", names=pages(client))

    update = service.UpdateTriggerRequest(trigger_id=trigger_id, description="changed")
    update.update_mask.paths.append("description")
    updated = mutate("Update", update)
    tell("update", metadata=updated.meta.trigger_id, trigger=shown(updated.response))
    for method in ("Pause", "Resume"):
        request = getattr(service, f"{method}TriggerRequest")(trigger_id=trigger_id)
        changed = mutate(method, request)
        tell(method.lower(), metadata=changed.meta.trigger_id, trigger=shown(changed.response))

    asked = service.ListTriggerOperationsRequest(trigger_id=trigger_id)
    operations = client.ListOperations(asked).operations
    tell("list operations", metadata=[each.metadata.TypeName() for each in operations])

    key = [("idempotency-key", f"python-{FOLDER}")]
    third = service.CreateTriggerRequest(folder_id=FOLDER, name="once", rule=timer("* * * * ? *"))
    twice = [client.Create(third, metadata=key).id for _ in range(2)]
    tell("create twice", operations=twice)

    delete = service.DeleteTriggerRequest(trigger_id=trigger_id)
    deleted = mutate("Delete", delete, Empty)
    tell("delete", metadata=deleted.meta.trigger_id)


def pages(client: TriggerServiceStub) -> list[str]:
    request = service.ListTriggersRequest(folder_id=FOLDER, page_size=1)
    names = []
    while True:
        page = client.List(request)
        names += [each.name for each in page.triggers]
        if not page.next_page_token:
            return names
        request.page_token = page.next_page_token


def refusals() -> None:
    client = sdk().client(TriggerServiceStub)

    def refused(step: str, method: str, request: Any) -> None:
        try:
            getattr(client, method)(request)
        except grpc.RpcError as error:
            headers = dict(error.trailing_metadata())
            told = {"code": error.code().name, "message": error.details()}
            tell(step, **told, request_id=headers.get("x-request-id"))
        else:
            tell(step, code="OK")

    def create(step: str, **fields: Any) -> None:
        refused(step, "Create", service.CreateTriggerRequest(**fields))

    create("taken for the first time", folder_id=FOLDER, name="taken", rule=timer("0 3 * * ? *"))
    create("taken name", folder_id=FOLDER, name="taken", rule=timer("0 3 * * ? *"))
    create("no folder", name="homeless", rule=timer("0 3 * * ? *"))
    create("no rule", folder_id=FOLDER, name="aimless")
    create("bad cron", folder_id=FOLDER, name="timeless", rule=timer("whenever"))
    missing = {"trigger_id": "a1s00000000000000non"}
    mask = {"paths": ["nothing_of_that_name"]}
    refused("unknown path", "Update", service.UpdateTriggerRequest(**missing, update_mask=mask))
    for method in ("Get", "Update", "Delete", "Pause", "Resume"):
        request = getattr(service, f"{method}TriggerRequest")(**missing)
        refused(f"{method.lower()} what is not there", method, request)


def ask() -> None:
    """One call, as whoever the credential says."""
    try:
        yandex = sdk()
        listed = yandex.client(TriggerServiceStub).List(
            service.ListTriggersRequest(folder_id=FOLDER)
        )
    except grpc.RpcError as error:
        tell("ask", code=error.code().name, message=error.details())
    else:
        tell("ask", code="OK", names=[each.name for each in listed.triggers])


def lost_answer() -> None:
    """The trigger service is behind a network that loses an answer."""
    yandex = sdk(
        endpoints={"serverless-triggers": os.environ["LOSING_ENDPOINT"]},
        retry_policy=yandexcloud.RetryPolicy(),
    )
    request = service.CreateTriggerRequest(folder_id=FOLDER, name="lost", rule=timer("0 3 * * ? *"))
    key = [("idempotency-key", f"python-{FOLDER}")]
    operation = yandex.client(TriggerServiceStub).Create(request, metadata=key)
    done = yandex.wait_operation_and_get_result(
        operation, triggers.Trigger, service.CreateTriggerMetadata
    )
    tell("create", metadata=done.meta.trigger_id, trigger=shown(done.response))


def plaintext() -> None:
    """Without TLS the SDK neither discovers nor authenticates: both are the caller's."""
    client = yandexcloud.SDK(iam_token="t1.not.shown").client(
        TriggerServiceStub, endpoint=ENDPOINT, insecure=True
    )
    token = [("authorization", f"Bearer {os.environ['IAM_TOKEN']}")]
    listed = client.List(service.ListTriggersRequest(folder_id=FOLDER), metadata=token)
    tell("ask", code="OK", names=[each.name for each in listed.triggers])


def nobody() -> None:
    """Such a client shows nothing at all by itself."""
    client = yandexcloud.SDK(iam_token="t1.not.shown").client(
        TriggerServiceStub, endpoint=ENDPOINT, insecure=True
    )
    try:
        client.List(service.ListTriggersRequest(folder_id=FOLDER))
    except grpc.RpcError as error:
        tell("ask", code=error.code().name, message=error.details())
    else:
        tell("ask", code="OK")


def endpoints() -> None:
    """What discovery says to someone who shows no token, in pages of either size."""
    channel = grpc.secure_channel(
        ENDPOINT, grpc.ssl_channel_credentials(Path(os.environ["CA_FILE"]).read_bytes())
    )
    client = ApiEndpointServiceStub(channel)
    for size in (0, 100):
        page = client.List(endpoint_service.ListApiEndpointsRequest(page_size=size))
        found = {each.id: each.address for each in page.endpoints}
        tell(f"list {size}", endpoints=found, more=page.next_page_token)
    one = client.Get(endpoint_service.GetApiEndpointRequest(api_endpoint_id="serverless-triggers"))
    tell("get", endpoints={one.id: one.address})


def iam_token() -> None:
    """Changes an OAuth token for an IAM token by hand, to see until when that is good."""
    channel = grpc.secure_channel(
        ENDPOINT, grpc.ssl_channel_credentials(Path(os.environ["CA_FILE"]).read_bytes())
    )
    request = iam.CreateIamTokenRequest(yandex_passport_oauth_token=os.environ["OAUTH_TOKEN"])
    answer = IamTokenServiceStub(channel).Create(request)
    tell("token", token=answer.iam_token, expires=answer.expires_at.ToSeconds())


if __name__ == "__main__":
    globals()[sys.argv[1]]()
