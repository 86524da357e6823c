"""What is served, a rule to ask for, and the client that has its own program."""

import re
from pathlib import Path

from clients.toolchains import ROOT, go_install

GRPCURL = "v1.9.4"

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
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "opentelemetry.proto.collector.logs.v1.LogsService",
}
# A clock that is moved is for tests only, and what Envoy asks us is not for clients.
SERVED = OURS - {"tocsin.v1.ClockService", "envoy.service.auth.v3.Authorization"} | OTHERS

INVOKE = {"function_id": "d4e00000000000000001"}
RULE = {"timer": {"cron_expression": "* * * * ? *", "invoke_function": INVOKE}}


def grpcurl() -> Path:
    return go_install("github.com/fullstorydev/grpcurl/cmd/grpcurl", GRPCURL)
