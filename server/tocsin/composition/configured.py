"""What the settings come to: the values that the parts are built from."""

from datetime import timedelta

from yarl import URL

from tocsin.access.shared_secret import SharedSecret
from tocsin.access.webhook_proofs import SenderProof, standard_key
from tocsin.api.tocsin.webhooks import Senders
from tocsin.engine.ticks.misfires import MisfireRules
from tocsin.engine.upkeep.retention import RetentionRules
from tocsin.outgoing.reach import Reach, parse_networks
from tocsin.plans.plan import MisfirePolicy
from tocsin.schedule import Clock, ManualClock, SystemClock
from tocsin.settings import (
    DeadLetters,
    Misfires,
    MqttBroker,
    NotificationQueue,
    QueueService,
    Retention,
    Settings,
    Sources,
    StreamService,
    WebhookSender,
)
from tocsin.sources.amazon.asking import Account
from tocsin.sources.amazon.notification_queue import NotificationReader
from tocsin.sources.amazon.queue_reader import QueueReader, QueueReading
from tocsin.sources.amazon.stream_reader import StreamReader, StreamReading
from tocsin.sources.mqtt.reader import Broker, MqttReader
from tocsin.sources.mqtt.registries import MqttPlace, RegistryTopics
from tocsin.sources.part_leases import PartLeases
from tocsin.sources.reader import Reader
from tocsin.store.driver.database import Database
from tocsin.targets.addresses import Addresses
from tocsin.targets.dead_letters import QueueSettings

# The clock of what is about this process and its clients, not about what fires: in real time.
MACHINE = SystemClock()


def readers(settings: Settings, clock: Clock, database: Database, node: str) -> list[Reader]:
    """Builds what reads the sources that are asked for their events; a line for each protocol."""
    leases = PartLeases(database, clock, node=node)
    sources, reach = settings.sources, reach_of(settings)
    brokers = {name: mqtt_broker(each) for name, each in sources.mqtt.items()}
    found: list[Reader] = [
        QueueReader(queue_reading(sources, reach), database, clock, pace=MACHINE),
        StreamReader(stream_reading(sources, reach), database, leases, pace=MACHINE),
        MqttReader(brokers, leases, clock, pace=MACHINE),
    ]
    if (queue := sources.object_storage.queue) is not None:
        found.append(NotificationReader(queue, account(sources.object_storage, reach), clock))
    return found


def mqtt_broker(settings: MqttBroker) -> Broker:
    url = URL(settings.url)
    assert url.host is not None
    tls = url.scheme == "mqtts"
    return Broker(
        url.host,
        url.explicit_port or (8883 if tls else 1883),
        MqttPlace(
            frozenset(settings.brokers),
            {
                registry_id: RegistryTopics(each.devices, each.own or f"$registries/{registry_id}")
                for registry_id, each in settings.registries.items()
            },
        ),
        tls=tls,
        ca_file=None if settings.ca_file is None else str(settings.ca_file),
        version5=settings.version == "5",
        username=settings.username,
        password=None if settings.password is None else settings.password.get_secret_value(),
        client_id=settings.client_id,
        sessions=settings.sessions,
        session_expiry_seconds=settings.session_expiry,
    )


def reach_of(settings: Settings) -> Reach:
    """Returns which addresses may be called."""
    return Reach(parse_networks(settings.targets.networks))


def queue_reading(settings: Sources, reach: Reach) -> QueueReading:
    queues = settings.message_queue
    return QueueReading(queues.endpoint, account(queues, reach), queues.urls)


def stream_reading(settings: Sources, reach: Reach) -> StreamReading:
    streams = settings.data_stream
    return StreamReading(streams.endpoint, account(streams, reach), streams.endpoints)


def account(service: QueueService | StreamService | NotificationQueue, reach: Reach) -> Account:
    secret = service.secret_access_key
    return Account(
        region=service.region,
        access_key_id=service.access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
        reach=reach,
    )


def clock_of(settings: Settings) -> Clock:
    clock = SystemClock()
    if settings.clock == "system":
        return clock
    return ManualClock(settings.clock_start or clock.now())


def real_clock(clock: Clock) -> Clock:
    """Returns the clock of what others check by theirs, such as tokens: never one moved by hand."""
    return MACHINE if isinstance(clock, ManualClock) else clock


def addresses(settings: Settings) -> Addresses:
    targets = settings.targets
    kinds = ("function", "container", "workflow", "websocket_broadcast")
    templates = {kind: getattr(targets, kind) for kind in kinds}
    return Addresses(
        templates={kind: url for kind, url in templates.items() if url is not None},
        overrides={kind: getattr(targets, f"{kind}s") for kind in kinds},
        integrations={name: each.url for name, each in settings.integrations.items()},
    )


def queue_settings(settings: DeadLetters) -> QueueSettings:
    secret = settings.secret_access_key
    return QueueSettings(
        endpoint=settings.endpoint,
        region=settings.region,
        access_key_id=settings.access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
        urls=settings.queues,
    )


def webhook_senders(settings: Settings) -> Senders:
    webhooks = settings.sources.webhooks
    storage = webhooks.object_storage
    return Senders(
        others=_proof(webhooks),
        object_storage=None if storage is None else _proof(storage),
        registries={each: _proof(sender) for each, sender in webhooks.registries.items()},
        asked=settings.access.enabled,
    )


def _proof(sender: WebhookSender) -> SenderProof:
    secret = sender.secret
    return SenderProof(
        None if secret is None else SharedSecret(secret.get_secret_value()),
        tuple(key.get_secret_value().encode() for key in sender.hub_keys),
        tuple(standard_key(key.get_secret_value()) for key in sender.standard_keys),
    )


def misfire_rules(settings: Misfires) -> MisfireRules:
    return MisfireRules(
        policy=MisfirePolicy(settings.policy),
        window=_timedelta(settings.window),
        cap=settings.cap,
        tolerance=timedelta(seconds=settings.tolerance),
    )


def retention_rules(settings: Retention) -> RetentionRules:
    return RetentionRules(
        age=_timedelta(settings.age),
        failed_age=_timedelta(settings.failed_age),
        most=settings.most,
        operations_age=_timedelta(settings.operations_age),
    )


def _timedelta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
