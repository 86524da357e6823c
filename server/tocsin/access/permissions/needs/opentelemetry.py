"""Lists what callers of OpenTelemetry's methods need."""

from tocsin.access.permissions.needs.need import Brings, permitted, service
from tocsin.access.permissions.roles import Permission

NEEDS = service(
    "opentelemetry.proto.collector.logs.v1.LogsService",
    {
        "Export": permitted(
            Permission.LOG_RECORDS_WRITE,
            brings=Brings.EACH,
            each="resource_logs.scope_logs.log_records",
        )
    },
)
