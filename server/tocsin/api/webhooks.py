"""`tocsin.v1.WebhookService`: takes what object storages and container registries tell."""

from collections.abc import Callable

from tocsin.access.shared_secret import SharedSecret
from tocsin.api import errors
from tocsin.api.calls import metadata_value
from tocsin.api.serving import Context, Method
from tocsin.api.taking import take
from tocsin.schedule import Clock
from tocsin.sources.incoming import Taken, TakesEvents
from tocsin.sources.instants import nanos_of
from tocsin.sources.notification import Notification, NotificationError, joined
from tocsin.sources.registry_notifications import registry_notification
from tocsin.sources.s3_notifications import object_notification
from tocsin_protos.tocsin.v1 import webhook_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["WebhookService"]

LONGEST_REGISTRY_ID = 256
BODY = "notification"


class WebhookService:
    """`intake` is where events are taken. Without a secret none is asked for."""

    def __init__(self, clock: Clock, intake: TakesEvents, secret: SharedSecret | None) -> None:
        self._clock = clock
        self._intake = intake
        self._secret = secret

    def methods(self) -> dict[str, Method]:
        return {
            "NotifyObjectStorage": self.notify_object_storage,
            "NotifyContainerRegistry": self.notify_container_registry,
        }

    async def notify_object_storage(
        self, request: contract.WebhookServiceNotifyObjectStorageRequest, context: Context
    ) -> contract.WebhookServiceNotifyObjectStorageResponse:
        self._check_secret(context)
        body = request.notification.data
        outcome = await self._take(lambda now: object_notification(body, now))
        return contract.WebhookServiceNotifyObjectStorageResponse(outcome=outcome)

    async def notify_container_registry(
        self, request: contract.WebhookServiceNotifyContainerRegistryRequest, context: Context
    ) -> contract.WebhookServiceNotifyContainerRegistryResponse:
        self._check_secret(context)
        registry_id, body = request.registry_id, request.notification.data
        if not 1 <= len(registry_id) <= LONGEST_REGISTRY_ID:
            raise errors.invalid_field(
                "registry_id", f"expected 1 to {LONGEST_REGISTRY_ID} characters"
            )
        outcome = await self._take(lambda now: registry_notification(registry_id, body, now))
        return contract.WebhookServiceNotifyContainerRegistryResponse(outcome=outcome)

    def _check_secret(self, context: Context) -> None:
        if self._secret is None:
            return
        if not self._secret.shown_in(metadata_value(context, "authorization") or ""):
            raise errors.secret_not_shown()

    async def _take(self, read: Callable[[int], Notification]) -> contract.NotificationOutcome:
        try:
            notification = read(nanos_of(self._clock.now()))
        except NotificationError as error:
            raise errors.invalid_field(joined(BODY, error.field), error.reason) from error
        taken = sum(await take(self._intake, notification.incoming), Taken())
        return contract.NotificationOutcome(
            events=len(notification.incoming),
            ignored=notification.ignored,
            accepted=taken.accepted,
            repeated=taken.repeated,
            lost=taken.lost,
            filtered=taken.filtered,
        )
