"""What validation costs per call: `python bench/validation.py`.

It stands in front of every call, so it is measured against the bare echo (about 110 µs a call).
"""

import timeit

from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table

from tocsin.contract.validation import validator
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as service

CALLS = 20_000
ROUNDS = 7


def timer() -> service.CreateTriggerRequest:
    """A timer as people write it: two labels, a retry."""
    request = service.CreateTriggerRequest(
        folder_id="b1g00000000000000000",
        name="nightly-report",
        description="Builds the report of the day before",
        labels={"team": "billing", "env": "prod"},
    )
    request.rule.timer.cron_expression = "15 2 ? * MON-FRI *"
    call = request.rule.timer.invoke_function_with_retry
    call.function_id = "d4e00000000000000000"
    call.service_account_id = "aje00000000000000000"
    call.retry_settings.retry_attempts = 3
    call.retry_settings.interval.seconds = 10
    return request


def full_labels() -> service.CreateTriggerRequest:
    request = timer()
    request.labels.update({f"label-{number}": "x" * 63 for number in range(62)})
    return request


def broken() -> service.CreateTriggerRequest:
    """Several rules broken at once."""
    request = timer()
    request.name = "Nightly"
    request.labels["Team"] = "Billing"
    request.rule.timer.invoke_function_with_retry.function_id = ""
    request.rule.timer.invoke_function_with_retry.retry_settings.interval.seconds = 1
    return request


def schedule() -> executions_pb2.ScheduleIntegrationsRequest:
    request = executions_pb2.ScheduleIntegrationsRequest(
        name="projects/p/locations/l/integrations/report",
        trigger_id="api_trigger/report",
        request_id="9d4b6a0e-7d51-4a6f-8f3e-6a3f4c1f9b11",
    )
    request.schedule_time.seconds = 1_800_000_000
    request.input_parameters["customer"].string_value = "42"
    request.input_parameters["attempts"].int_value = 3
    return request


REQUESTS: dict[str, Message] = {
    "GetTrigger": service.GetTriggerRequest(trigger_id="a1s00000000000000000"),
    "CreateTrigger: timer, 2 labels, retry": timer(),
    "CreateTrigger: timer, 64 labels, retry": full_labels(),
    "CreateTrigger: 5 rules broken": broken(),
    "ScheduleIntegrations: 2 parameters": schedule(),
}


def main() -> None:
    table = Table("request", "violations", "µs", title="Validation, best of several rounds")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, request in REQUESTS.items():
        validate = validator(request.DESCRIPTOR)
        rounds = timeit.repeat(lambda: validate(request), number=CALLS, repeat=ROUNDS)  # noqa: B023
        best = min(rounds) / CALLS * 1e6
        table.add_row(name, str(len(validate(request))), f"{best:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
