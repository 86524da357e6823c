"""Names what a server may lack, and reads the file in which a run declares what it lacks."""

from functools import cache
from pathlib import Path

from tocsin.conformance.declared.named_reasons import read_reasons

# A check names the features that it needs. A new one gets its line here.
FEATURES: dict[str, str] = {
    "kind-timer": "Triggers by a cron expression can be made.",
    "kind-message_queue": "Triggers by the messages of a queue can be made.",
    "kind-iot_message": "Triggers by the messages of a device registry can be made.",
    "kind-iot_broker_message": "Triggers by the messages of an MQTT broker can be made.",
    "kind-object_storage": "Triggers by changes in a bucket can be made.",
    "kind-container_registry": "Triggers by changes in a container registry can be made.",
    "kind-cloud_logs": "Triggers by log records in the retired form can be made.",
    "kind-logging": "Triggers by log records can be made.",
    "kind-billing_budget": "Triggers by budgets can be made.",
    "kind-data_stream": "Triggers by the records of a stream can be made.",
    "kind-mail": "Triggers by mail can be made.",
    "second-folder": "The run's caller can make triggers in a folder beside --folder.",
    "rest": "REST beside gRPC, on the paths of the contract.",
    "reflection": "The server describes its services by gRPC reflection (v1 or v1alpha).",
    "update-mask-paths": "Update takes paths below `rule` in its mask, not only whole fields.",
    "update-mask-star": "Update takes `*` as its mask.",
    "filters": "List takes a filter.",
    "reflection-v1": "Reflection is served as grpc.reflection.v1.",
    "reflection-v1alpha": "Reflection is served as grpc.reflection.v1alpha.",
    "schedule": "ScheduleIntegrations is served over gRPC, by Tocsin's numbers, not REST alone.",
    "executions": "Executions are listed, read, downloaded and cancelled beside being scheduled.",
    "executions-grpc": "What REST does with executions, gRPC does too, by Tocsin's numbers.",
    "execute": "An integration is run while its caller waits.",
    "replay": "An execution that has ended is run again, as a new one.",
    "integrations-v2": "Integrations are scheduled, executed and listed by v2 too.",
    "idempotency": "The `idempotency-key` of a call makes its repeat safe.",
    "operation-cancel": "OperationService.Cancel is served.",
    "operation-list": "TriggerService.ListOperations is served.",
    "pause": "TriggerService.Pause and Resume are served.",
    "wait-operation": "google.longrunning Operations.WaitOperation is served.",
    "google-operations": "google.longrunning.Operations shows what was scheduled.",
    "integration-wildcard": "ScheduleIntegrations takes `-` in place of an integration.",
    "older-parameters": "ScheduleIntegrations takes `parameters` and `parameterEntries`.",
    "products": "ScheduleIntegrations is served below `products/*` too.",
    "v1alpha": "ScheduleIntegrations is served under v1alpha too.",
    "system-parameters": "REST takes Google's system parameters, such as `fields`.",
    "prompt-changes": "A timer follows a change at the next minute, not within five.",
    "dead-letters": "Dead letters come to --target-listen, below /queues, by the SQS protocol.",
    "integration-target": "The integration of the run calls --target-listen.",
    "bounded-caller": "The run's credential has rights in --folder and --location alone.",
    "compressed-requests": "REST takes bodies with `Content-Encoding: gzip`.",
}


def read_features(file: Path) -> dict[str, str]:
    """Reads which features the server lacks, each with its reason.

    The file is YAML: `missing:`, and below it a line `feature: reason` for each.

    Raises:
        FileError: it can't be read, has another form, or names a feature that does not exist.
    """
    return read_reasons(file, "missing", what="feature", known=FEATURES)


@cache
def declared_missing(file: str | None) -> dict[str, str]:
    """Returns which features a run declares missing; none without a file. See `read_features`."""
    return read_features(Path(file)) if file else {}
