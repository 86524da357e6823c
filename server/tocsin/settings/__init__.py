"""Every setting: from the command line, `TOCSIN_*` variables, a TOML file, or its default."""

from tocsin.settings.access import Access, Issuer, RoleBinding, ServiceAccount
from tocsin.settings.calling import DeadLetters, Integration, Targets
from tocsin.settings.fields import Address, SettingsError
from tocsin.settings.keeping import Misfires, Reconciler, Retention
from tocsin.settings.limits import AuditLog, Limits
from tocsin.settings.loading import load_settings
from tocsin.settings.mqtt import MqttBroker, MqttRegistry
from tocsin.settings.serve import Settings
from tocsin.settings.sources import (
    Logs,
    Mail,
    NotificationQueue,
    QueueService,
    Sources,
    StreamService,
    Webhooks,
    WebhookSender,
)

__all__ = [
    "Access",
    "Address",
    "AuditLog",
    "DeadLetters",
    "Integration",
    "Issuer",
    "Limits",
    "Logs",
    "Mail",
    "Misfires",
    "MqttBroker",
    "MqttRegistry",
    "NotificationQueue",
    "QueueService",
    "Reconciler",
    "Retention",
    "RoleBinding",
    "ServiceAccount",
    "Settings",
    "SettingsError",
    "Sources",
    "StreamService",
    "Targets",
    "WebhookSender",
    "Webhooks",
    "load_settings",
]
