"""Defines permissions and roles: three roles of our own, and those of the vendors.

A vendor's role has the permissions that its page lists, as far as they exist here:
https://yandex.cloud/en/docs/functions/security, https://yandex.cloud/en/docs/iam/roles-reference,
https://cloud.google.com/iam/docs/roles-permissions/integrations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """Names what a caller can be allowed to do; Google's methods use Google's names."""

    TRIGGERS_GET = "serverless.triggers.get"
    TRIGGERS_LIST = "serverless.triggers.list"
    TRIGGERS_CREATE = "serverless.triggers.create"
    TRIGGERS_UPDATE = "serverless.triggers.update"
    TRIGGERS_DELETE = "serverless.triggers.delete"
    TRIGGERS_PAUSE = "serverless.triggers.pause"
    TRIGGERS_RESUME = "serverless.triggers.resume"
    OPERATIONS_GET = "serverless.operations.get"
    OPERATIONS_LIST = "serverless.operations.list"
    OPERATIONS_CANCEL = "serverless.operations.cancel"
    SERVICE_ACCOUNTS_USE = "iam.serviceAccounts.use"
    SERVICE_ACCOUNTS_CREATE_TOKEN = "iam.serviceAccounts.createToken"  # noqa: S105
    LOG_RECORDS_WRITE = "logging.records.write"

    INTEGRATIONS_INVOKE = "integrations.integrations.invoke"
    INTEGRATIONS_LIST = "integrations.integrations.list"
    INTEGRATIONS_DELETE = "integrations.integrations.delete"
    VERSIONS_GET = "integrations.integrationVersions.get"
    VERSIONS_LIST = "integrations.integrationVersions.list"
    VERSIONS_CREATE = "integrations.integrationVersions.create"
    VERSIONS_UPDATE = "integrations.integrationVersions.update"
    VERSIONS_DELETE = "integrations.integrationVersions.delete"
    VERSIONS_INVOKE = "integrations.integrationVersions.invoke"
    VERSIONS_DEPLOY = "integrations.integrationVersions.deploy"
    EXECUTIONS_GET = "integrations.executions.get"
    EXECUTIONS_LIST = "integrations.executions.list"
    EXECUTIONS_CANCEL = "integrations.executions.cancel"

    TRIGGERS_FIRE = "tocsin.triggers.fire"
    EVENTS_PUBLISH = "tocsin.events.publish"
    EVENTS_TEST = "tocsin.events.test"
    INVOCATIONS_GET = "tocsin.invocations.get"
    INVOCATIONS_LIST = "tocsin.invocations.list"
    INVOCATIONS_RETRY = "tocsin.invocations.retry"
    INVOCATIONS_CANCEL = "tocsin.invocations.cancel"
    INVOCATIONS_RESEND = "tocsin.invocations.resend"
    JOBS_GET = "tocsin.jobs.get"
    JOBS_CANCEL = "tocsin.jobs.cancel"
    DEAD_LETTERS_LIST = "tocsin.deadLetters.list"
    DEAD_LETTERS_REDRIVE = "tocsin.deadLetters.redrive"
    CLOCK_GET = "tocsin.clock.get"
    CLOCK_MOVE = "tocsin.clock.move"
    ACCESS_GET = "tocsin.access.get"
    ACCESS_MANAGE = "tocsin.access.manage"
    METRICS_GET = "tocsin.metrics.get"
    SETTINGS_RELOAD = "tocsin.settings.reload"


P = Permission
Permissions = frozenset[Permission]

# Triggers as a list shows them: no payloads and no answers.
AUDITED = frozenset({P.TRIGGERS_GET, P.TRIGGERS_LIST, P.OPERATIONS_GET, P.OPERATIONS_LIST})
INVOCATIONS_SEEN = frozenset(
    {P.INVOCATIONS_GET, P.INVOCATIONS_LIST, P.DEAD_LETTERS_LIST, P.JOBS_GET}
)
INVOCATIONS_STEERED = frozenset(
    {
        P.INVOCATIONS_RETRY,
        P.INVOCATIONS_CANCEL,
        P.INVOCATIONS_RESEND,
        P.DEAD_LETTERS_REDRIVE,
        P.JOBS_CANCEL,
    }
)
TRIGGERS_SEEN = AUDITED | INVOCATIONS_SEEN | {P.EVENTS_TEST}
TRIGGERS_MANAGED = (
    TRIGGERS_SEEN
    | INVOCATIONS_STEERED
    | {
        P.TRIGGERS_CREATE,
        P.TRIGGERS_UPDATE,
        P.TRIGGERS_DELETE,
        P.TRIGGERS_PAUSE,
        P.TRIGGERS_RESUME,
        P.TRIGGERS_FIRE,
        P.OPERATIONS_CANCEL,
    }
)
INTEGRATIONS_SEEN = frozenset({P.INTEGRATIONS_LIST, P.VERSIONS_GET, P.VERSIONS_LIST})
EXECUTIONS_SEEN = (
    frozenset({P.EXECUTIONS_GET, P.EXECUTIONS_LIST}) | INTEGRATIONS_SEEN | INVOCATIONS_SEEN
)
INTEGRATIONS_RUN = EXECUTIONS_SEEN | {P.INTEGRATIONS_INVOKE, P.EXECUTIONS_CANCEL}
INTEGRATIONS_EDITED = INTEGRATIONS_RUN | {P.VERSIONS_CREATE, P.VERSIONS_UPDATE, P.VERSIONS_INVOKE}
INTEGRATIONS_MANAGED = INTEGRATIONS_EDITED | {
    P.INTEGRATIONS_DELETE,
    P.VERSIONS_DELETE,
    P.VERSIONS_DEPLOY,
}

VIEWED = TRIGGERS_SEEN | EXECUTIONS_SEEN | {P.CLOCK_GET, P.METRICS_GET}
EDITED = (
    VIEWED
    | TRIGGERS_MANAGED
    | INTEGRATIONS_MANAGED
    | {P.EVENTS_PUBLISH, P.LOG_RECORDS_WRITE, P.SERVICE_ACCOUNTS_USE, P.CLOCK_MOVE}
)
ALL = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class Role:
    """Holds the permissions of a role; the documentation shows its `purpose`."""

    permissions: Permissions
    purpose: str


ROLES: Mapping[str, Role] = {
    "viewer": Role(VIEWED, "sees everything, changes nothing"),
    "editor": Role(EDITED, "also changes, fires and schedules, and uses service accounts"),
    "admin": Role(ALL, "also manages access and reloads settings, if it is granted on `*`"),
    # Yandex Cloud's.
    "auditor": Role(AUDITED, "sees triggers and operations, but no payloads and no answers"),
    "functions.auditor": Role(AUDITED, "the same"),
    "functions.viewer": Role(TRIGGERS_SEEN, "sees triggers and their invocations"),
    "functions.editor": Role(TRIGGERS_MANAGED, "also manages triggers, and fires them"),
    "functions.admin": Role(TRIGGERS_MANAGED, "the same"),
    "iam.serviceAccounts.user": Role(
        frozenset({P.SERVICE_ACCOUNTS_USE}), "names service accounts in rules"
    ),
    "iam.serviceAccounts.tokenCreator": Role(
        frozenset({P.SERVICE_ACCOUNTS_CREATE_TOKEN}), "gets IAM tokens of service accounts"
    ),
    "logging.writer": Role(frozenset({P.LOG_RECORDS_WRITE}), "writes log records"),
    "monitoring.viewer": Role(
        frozenset({P.METRICS_GET}),
        "fetches the metrics; grant it on `*`, as metrics cover all folders",
    ),
    # Google Cloud's.
    "roles/viewer": Role(VIEWED, "as `viewer`"),
    "roles/editor": Role(EDITED, "as `editor`"),
    "roles/owner": Role(ALL, "as `admin`"),
    "roles/integrations.integrationViewer": Role(
        EXECUTIONS_SEEN, "sees integrations and executions"
    ),
    "roles/integrations.integrationInvoker": Role(
        INTEGRATIONS_RUN, "also schedules integrations, and cancels executions"
    ),
    "roles/integrations.integrationEditor": Role(
        INTEGRATIONS_EDITED, "also writes drafts of integrations, and tests them"
    ),
    "roles/integrations.integrationDeployer": Role(
        EXECUTIONS_SEEN | {P.VERSIONS_DEPLOY}, "publishes versions of integrations"
    ),
    "roles/integrations.integrationAdmin": Role(
        INTEGRATIONS_MANAGED | INVOCATIONS_STEERED,
        "also publishes and deletes integrations, and delivers executions again",
    ),
    "roles/integrations.admin": Role(INTEGRATIONS_MANAGED | INVOCATIONS_STEERED, "the same"),
    "roles/iam.serviceAccountUser": Role(
        frozenset({P.SERVICE_ACCOUNTS_USE}), "as `iam.serviceAccounts.user`"
    ),
    "roles/iam.serviceAccountTokenCreator": Role(
        frozenset({P.SERVICE_ACCOUNTS_CREATE_TOKEN}), "as `iam.serviceAccounts.tokenCreator`"
    ),
    "roles/logging.logWriter": Role(frozenset({P.LOG_RECORDS_WRITE}), "as `logging.writer`"),
    "roles/monitoring.viewer": Role(frozenset({P.METRICS_GET}), "as `monitoring.viewer`"),
    # Ours, for machines.
    "tocsin.eventPublisher": Role(
        frozenset({P.EVENTS_PUBLISH, P.LOG_RECORDS_WRITE}),
        "posts events and log records; grant it on `*`, as they reach triggers of any folder",
    ),
}
