"""Builds the gate before all methods from the settings."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.access.permissions.bindings import Bindings, ServiceAccounts
from tocsin.access.permissions.grants import GrantsOfSubjects
from tocsin.access.principal import Authenticator
from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.grpc_server import StartError
from tocsin.gate.audit import Audit, AuditSink, FileSink, StderrSink
from tocsin.gate.guarding import AccessControl, CallGate
from tocsin.gate.limits import CallLimits
from tocsin.gate.resources import Resources, folders_of_groups
from tocsin.gate.settings import AuditSettings, LimitSettings
from tocsin.sources.settings import LogSettings
from tocsin.store.driver.database import Database


@dataclass(frozen=True, slots=True)
class Identity:
    """Holds what the gate asks: who a caller is, which roles it has, and which accounts exist.

    `session_cookie` is the cookie of the page's sessions; None if the page is not served.
    """

    authenticator: Authenticator
    bindings: Bindings
    accounts: ServiceAccounts
    session_cookie: str | None = None


def gate_of(
    database: Database,
    identity: Identity | None,
    limits: LimitSettings,
    audit: AuditSettings,
    logs: LogSettings,
) -> CallGate | None:
    """Builds the gate; returns None if calls need no check, no limit and no audit log.

    `identity` is None if access control is off.

    Raises:
        StartError: the audit log can't be opened.
    """
    sink = audit_sink(audit, guarded=identity is not None)
    if identity is None and sink is None and not limits.any_of_calls:
        return None
    access = None
    if identity is not None:
        access = AccessControl(
            identity.authenticator,
            GrantsOfSubjects(identity.bindings, MACHINE_CLOCK),
            identity.session_cookie,
        )
    return CallGate(
        database,
        Resources(
            database,
            groups=folders_of_groups(logs.default_groups),
            accounts=None if identity is None else identity.accounts,
        ),
        CallLimits(limits, MACHINE_CLOCK),
        access=access,
        audit=None if sink is None else Audit(sink, MACHINE_CLOCK),
    )


def audit_sink(settings: AuditSettings, *, guarded: bool) -> AuditSink | None:
    """Opens the audit log; returns None if it is off. By default it is on if calls are `guarded`.

    Raises:
        StartError: the file can't be opened.
    """
    to = settings.to or ("stderr" if guarded else "off")
    if to == "off":
        return None
    if to == "stderr":
        return StderrSink()
    try:
        return FileSink(Path(to))
    except OSError as error:
        raise StartError(
            f"the audit log can't be written to {to}: {error.strerror}. "
            "Set `to` in [audit] to another file, `stderr` or `off`"
        ) from error
