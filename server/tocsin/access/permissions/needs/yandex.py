"""Lists what callers of Yandex Cloud's methods need."""

from typing import Any

from tocsin.access.permissions.needs.need import (
    Audience,
    Brings,
    Kind,
    Made,
    Named,
    Need,
    permitted,
    service,
)
from tocsin.access.permissions.roles import Permission

P = Permission

TRIGGER = (Named("trigger_id", Kind.TRIGGER, "triggers"),)
OPERATION = (Named("operation_id", Kind.OPERATION, "operations"),)
# What every mutation of a trigger answers with: an operation over the trigger.
MUTATION = (Made("triggers", "metadata.trigger_id"), Made("operations", "id"))


def _vendor_event(method: str) -> str:
    """Returns the type of the vendor's audit event (yandex-cloud/docs, en/functions/at-ref.md)."""
    return f"yandex.cloud.audit.serverless.triggers.{method}Trigger"


def _changes_part_of_rule(request: Any) -> bool:
    """Tells whether an update may leave accounts of the stored rule in the new rule."""
    paths = request.update_mask.paths
    return not paths or any(path.partition(".")[0] in ("rule", "*") for path in paths)


def _oauth_token_or_key(request: Any) -> str:
    """Returns an OAuth token, or the header of a JWT, which names the key that signed it."""
    return str(request.yandex_passport_oauth_token or request.jwt.partition(".")[0])


TRIGGER_SERVICE = service(
    "yandex.cloud.serverless.triggers.v1.TriggerService",
    {
        "Get": permitted(P.TRIGGERS_GET, *TRIGGER),
        "List": permitted(P.TRIGGERS_LIST, Named("folder_id", Kind.FOLDER, "folders")),
        "Create": permitted(
            P.TRIGGERS_CREATE,
            Named("folder_id", Kind.FOLDER, "folders"),
            event=_vendor_event("Create"),
            accounts=True,
            made=MUTATION,
        ),
        "Update": permitted(
            P.TRIGGERS_UPDATE,
            *TRIGGER,
            event=_vendor_event("Update"),
            accounts=True,
            uses_stored_rule=_changes_part_of_rule,
            made=MUTATION,
        ),
        "Delete": permitted(
            P.TRIGGERS_DELETE, *TRIGGER, event=_vendor_event("Delete"), made=MUTATION
        ),
        "Pause": permitted(P.TRIGGERS_PAUSE, *TRIGGER, event=_vendor_event("Pause"), made=MUTATION),
        "Resume": permitted(
            P.TRIGGERS_RESUME, *TRIGGER, event=_vendor_event("Resume"), made=MUTATION
        ),
        "ListOperations": permitted(P.OPERATIONS_LIST, *TRIGGER),
    },
)
OPERATION_SERVICE = service(
    "yandex.cloud.operation.OperationService",
    {
        "Get": permitted(P.OPERATIONS_GET, *OPERATION),
        "Cancel": permitted(
            P.OPERATIONS_CANCEL, *OPERATION, event="yandex.cloud.operation.CancelOperation"
        ),
    },
)
LOG_INGESTION = service(
    "yandex.cloud.logging.v1.LogIngestionService",
    {
        "Write": permitted(
            P.LOG_RECORDS_WRITE,
            Named("destination.folder_id", Kind.FOLDER, "folders"),
            Named("destination.log_group_id", Kind.LOG_GROUP, "logGroups"),
            brings=Brings.EACH,
            each="entries",
        )
    },
)
IAM = service(
    "yandex.cloud.iam.v1.IamTokenService",
    {
        # The request itself holds the credential.
        "Create": Need(
            Audience.PUBLIC,
            event="yandex.cloud.audit.iam.CreateIamToken",
            shows_secret=True,
            secret=_oauth_token_or_key,
        ),
        "CreateForServiceAccount": permitted(
            P.SERVICE_ACCOUNTS_CREATE_TOKEN,
            Named("service_account_id", Kind.SERVICE_ACCOUNT, "serviceAccounts"),
            event="yandex.cloud.audit.iam.CreateIamTokenForServiceAccount",
        ),
        "Revoke": Need(Audience.AUTHENTICATED, event="yandex.cloud.audit.iam.RevokeIamToken"),
    },
)
ENDPOINTS = service(
    "yandex.cloud.endpoint.ApiEndpointService",
    {"Get": Need(Audience.PUBLIC), "List": Need(Audience.PUBLIC)},
)

NEEDS = {**TRIGGER_SERVICE, **OPERATION_SERVICE, **LOG_INGESTION, **IAM, **ENDPOINTS}
