"""Lists what callers of Google's methods need."""

from tocsin.access.permissions.needs.need import Brings, Kind, Made, Named, google, service
from tocsin.access.permissions.roles import Permission

P = Permission

EXECUTION = (Named("name", Kind.EXECUTION),)

EXECUTIONS = service(
    "google.cloud.integrations.v1alpha.Executions",
    {
        "ScheduleIntegrations": google(
            P.INTEGRATIONS_INVOKE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.ScheduleIntegrations",
            brings=Brings.ONE,
            made=(Made("executions", "execution_info_ids"),),
        ),
        "ExecuteIntegrations": google(
            P.INTEGRATIONS_INVOKE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.ExecuteIntegrations",
            brings=Brings.ONE,
            made=(Made("executions", "execution_id"),),
        ),
        "ExecuteEvent": google(
            P.INTEGRATIONS_INVOKE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.ExecuteEvent",
            brings=Brings.ONE,
            made=(Made("executions", "execution_id"),),
        ),
        "TestIntegrations": google(
            P.VERSIONS_INVOKE,
            Named("name", Kind.INTEGRATION_VERSION),
            event="google.cloud.integrations.TestIntegrations",
            brings=Brings.ONE,
            accounts=True,
            made=(Made("executions", "execution_id"),),
        ),
        "ReplayExecution": google(
            P.INTEGRATIONS_INVOKE,
            *EXECUTION,
            event="google.cloud.integrations.ReplayExecution",
            brings=Brings.ONE,
            made=(Made("executions", "execution_id"),),
        ),
        "ListExecutions": google(P.EXECUTIONS_LIST, Named("parent", Kind.INTEGRATION)),
        "GetExecution": google(P.EXECUTIONS_GET, *EXECUTION),
        "DownloadExecution": google(P.EXECUTIONS_GET, *EXECUTION),
        "CancelExecution": google(
            P.EXECUTIONS_CANCEL, *EXECUTION, event="google.cloud.integrations.CancelExecution"
        ),
    },
)
LOCATION = (Named("parent", Kind.LOCATION),)
VERSION = (Named("name", Kind.INTEGRATION_VERSION),)
INTEGRATIONS = service(
    "google.cloud.integrations.v1alpha.Integrations",
    {
        "ListIntegrations": google(P.INTEGRATIONS_LIST, *LOCATION),
        "SearchIntegrations": google(P.INTEGRATIONS_LIST, *LOCATION),
        "DeleteIntegration": google(
            P.INTEGRATIONS_DELETE,
            Named("name", Kind.INTEGRATION),
            event="google.cloud.integrations.DeleteIntegration",
        ),
    },
)
INTEGRATION_VERSIONS = service(
    "google.cloud.integrations.v1alpha.IntegrationVersions",
    {
        "CreateIntegrationVersion": google(
            P.VERSIONS_CREATE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.CreateIntegrationVersion",
            accounts=True,
            made=(Made("integrationVersions", "name"),),
        ),
        "UploadIntegrationVersion": google(
            P.VERSIONS_CREATE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.UploadIntegrationVersion",
            accounts=True,
            made=(Made("integrationVersions", "integration_version.name"),),
        ),
        "GetIntegrationVersion": google(P.VERSIONS_GET, *VERSION),
        "DownloadIntegrationVersion": google(P.VERSIONS_GET, *VERSION),
        "DownloadJsonPackage": google(P.VERSIONS_GET, *VERSION),
        "ListIntegrationVersions": google(P.VERSIONS_LIST, Named("parent", Kind.INTEGRATION)),
        "UpdateIntegrationVersion": google(
            P.VERSIONS_UPDATE,
            *VERSION,
            event="google.cloud.integrations.UpdateIntegrationVersion",
            accounts=True,
        ),
        "PublishIntegrationVersion": google(
            P.VERSIONS_DEPLOY,
            *VERSION,
            event="google.cloud.integrations.PublishIntegrationVersion",
            accounts=True,
        ),
        "UnpublishIntegrationVersion": google(
            P.VERSIONS_DEPLOY,
            *VERSION,
            event="google.cloud.integrations.UnpublishIntegrationVersion",
        ),
        "DeleteIntegrationVersion": google(
            P.VERSIONS_DELETE,
            *VERSION,
            event="google.cloud.integrations.DeleteIntegrationVersion",
        ),
    },
)
EXECUTIONS_V2 = service(
    "google.cloud.integrations.v2.Executions",
    {
        "ScheduleIntegration": google(
            P.INTEGRATIONS_INVOKE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.ScheduleIntegration",
            brings=Brings.ONE,
        ),
        "ExecuteIntegration": google(
            P.INTEGRATIONS_INVOKE,
            Named("parent", Kind.INTEGRATION),
            event="google.cloud.integrations.ExecuteIntegration",
            brings=Brings.ONE,
        ),
        "ListExecutions": google(P.EXECUTIONS_LIST, Named("parent", Kind.INTEGRATION)),
    },
)
LONG_RUNNING = service(
    "google.longrunning.Operations",
    {
        "ListOperations": google(P.EXECUTIONS_LIST, Named("name", Kind.LOCATION)),
        "GetOperation": google(P.EXECUTIONS_GET, *EXECUTION),
        "WaitOperation": google(P.EXECUTIONS_GET, *EXECUTION),
        "CancelOperation": google(
            P.EXECUTIONS_CANCEL, *EXECUTION, event="google.longrunning.CancelOperation"
        ),
        "DeleteOperation": google(
            P.EXECUTIONS_CANCEL, *EXECUTION, event="google.longrunning.DeleteOperation"
        ),
    },
)

NEEDS = {
    **EXECUTIONS,
    **INTEGRATIONS,
    **INTEGRATION_VERSIONS,
    **EXECUTIONS_V2,
    **LONG_RUNNING,
}
