"""Builds the gate before all methods from the settings."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.access.buckets import Rate
from tocsin.access.permissions.bindings import Bindings, ServiceAccounts
from tocsin.access.permissions.grants import GrantsOfSubjects
from tocsin.access.principal import Authenticator
from tocsin.composition.configured import MACHINE
from tocsin.composition.grpc_server import StartError
from tocsin.gate.audit import Audit, AuditSink, FileSink, StderrSink
from tocsin.gate.guarding import Access, CallGate
from tocsin.gate.limits import LimitRules, Limits
from tocsin.gate.resources import Places, folders_of_groups
from tocsin.settings import Limits as LimitSettings
from tocsin.settings import Settings
from tocsin.store.driver.database import Database


@dataclass(frozen=True, slots=True)
class Identity:
    """Who there is, what proves it, and which roles they have."""

    authenticator: Authenticator
    bindings: Bindings
    accounts: ServiceAccounts


def gate_of(settings: Settings, database: Database, identity: Identity | None) -> CallGate | None:
    """Builds the gate; None: nothing is asked of callers, and calls go straight to their methods.

    `identity` None: access control is off.

    Raises:
        StartError: the audit log can't be opened.
    """
    sink = audit_sink(settings)
    rules = limit_rules(settings.limits)
    if identity is None and sink is None and not rules.any_of_calls:
        return None
    access = None
    if identity is not None:
        access = Access(identity.authenticator, GrantsOfSubjects(identity.bindings, MACHINE))
    return CallGate(
        database,
        Places(
            database,
            groups=folders_of_groups(settings.sources.logs.default_groups),
            accounts=None if identity is None else identity.accounts,
        ),
        Limits(rules, MACHINE),
        access=access,
        audit=None if sink is None else Audit(sink, MACHINE),
    )


def audit_sink(settings: Settings) -> AuditSink | None:
    """Returns where the audit log goes; None: nowhere.

    Raises:
        StartError: the file can't be opened.
    """
    to = settings.audit.to or ("stderr" if settings.access.enabled else "off")
    if to == "off":
        return None
    if to == "stderr":
        return StderrSink()
    try:
        return FileSink(Path(to))
    except OSError as error:
        raise StartError(
            f"the audit log can't be written to {to}: {error.strerror}. "
            "Give [audit] to another file, stderr, or off"
        ) from error


def limit_rules(settings: LimitSettings) -> LimitRules:
    calls = settings.calls_per_second
    return LimitRules(
        calls=None if calls is None else Rate(calls, settings.calls_burst),
        bad_credentials_per_minute=settings.bad_credentials_per_minute,
        invocations_per_minute=settings.invocations_per_minute,
        payload_bytes=settings.payload_bytes,
    )
