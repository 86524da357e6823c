"""What is served, and a rule to ask for."""

import re

from clients.toolchains import ROOT

TRIGGERS = "yandex.cloud.serverless.triggers.v1.TriggerService"

# In protos/ are the services that we serve, and with them those of other packages.
OURS = {
    f"{package[1]}.{service}"
    for text in (file.read_text() for file in (ROOT / "protos").rglob("*.proto"))
    for package in re.finditer(r"^package ([\w.]+);", text, re.MULTILINE)
    for service in re.findall(r"^service (\w+)", text, re.MULTILINE)
}
OTHERS = {
    "google.longrunning.Operations",
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "opentelemetry.proto.collector.logs.v1.LogsService",
}
SERVED = OURS - {"tocsin.v1.ClockService"} | OTHERS  # a clock that is moved is for tests only

INVOKE = {"function_id": "d4e00000000000000001"}
RULE = {"timer": {"cron_expression": "* * * * ? *", "invoke_function": INVOKE}}
