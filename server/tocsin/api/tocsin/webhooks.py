"""Serves `tocsin.v1.WebhookService`, for object storages and container registries."""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from tocsin.access.webhook_proofs import ProofRefused, SenderProof
from tocsin.api.tocsin.events.taking import refuse, take
from tocsin.contract.text import NUL
from tocsin.schedule import Clock
from tocsin.sources.folders import Folders
from tocsin.sources.incoming import Refused, Taken, TakesEvents
from tocsin.sources.instants import nanos_of
from tocsin.sources.kinds.catalog import keys_of_event
from tocsin.sources.notifications.reading import MOST_KEYS, Notification, NotificationError, joined
from tocsin.sources.notifications.registry import registry_notification
from tocsin.sources.notifications.s3 import object_notification
from tocsin.sources.notifications.settings import WebhookSettings
from tocsin.wire import errors
from tocsin.wire.calls import Arrival, Call
from tocsin.wire.serving import SelfChecked
from tocsin_protos.tocsin.v1 import webhook_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["WebhookService"]

LONGEST_REGISTRY_ID = 256
BODY = "notification"
OF_STORAGE, OF_REGISTRIES = "object_storage", "registries.ID"
"""The tables, below `[sources.webhooks]`, of senders."""

REGISTRY_PATH = re.compile("/tocsin/v1/webhooks/containerRegistries/([^/]+)/*")


class WebhookService:
    """Accepts webhooks; `shared_clock` checks the times of signatures.

    If `proven`, senders without a configured proof are refused.
    """

    def __init__(
        self,
        clock: Clock,
        intake: TakesEvents,
        settings: WebhookSettings,
        *,
        proven: bool,
        shared_clock: Clock,
    ) -> None:
        self._clock = clock
        self._intake = intake
        self._settings = settings
        self._proven = proven
        self._shared_clock = shared_clock

    def methods(self) -> dict[str, SelfChecked]:
        # The proof comes first: a sender without one learns nothing of what is wrong.
        return {
            "NotifyObjectStorage": SelfChecked(
                self.notify_object_storage, lambda _: (), self.check_object_storage
            ),
            "NotifyContainerRegistry": SelfChecked(
                self.notify_container_registry, lambda _: (), self.check_container_registry
            ),
        }

    def check_object_storage(self, _: str, arrival: Arrival) -> bool:
        """Checks an object storage by the headers of its notification."""
        return self._check_headers(self._settings.of_object_storage.proof, OF_STORAGE, arrival)

    def check_container_registry(self, path: str, arrival: Arrival) -> bool:
        """Checks a container registry by the headers of its webhook.

        The id is in the path over REST. Over gRPC it is in the message, so any sender's proof will
        do for now.
        """
        found = REGISTRY_PATH.fullmatch(path)
        if found is None:
            proofs = [each.proof for each in self._settings.senders_of_registries()]
        else:
            proofs = [self._settings.of_registry(_registry_id(found[1])).proof]
        *others, last = proofs
        for proof in others:
            try:
                return self._check_headers(proof, OF_REGISTRIES, arrival)
            except errors.ApiError:
                continue
        return self._check_headers(last, OF_REGISTRIES, arrival)

    async def notify_object_storage(
        self, request: contract.WebhookServiceNotifyObjectStorageRequest, call: Call
    ) -> contract.WebhookServiceNotifyObjectStorageResponse:
        """Accepts a notification of an object storage in the form of S3."""
        body = request.notification.data
        sender = self._settings.of_object_storage
        self._check(sender.proof, OF_STORAGE, body, call)
        folders = self._settings.folders_of_sender(sender)
        outcome = await self._take(
            "object_storage", lambda now: object_notification(body, now), folders
        )
        return contract.WebhookServiceNotifyObjectStorageResponse(outcome=outcome)

    async def notify_container_registry(
        self, request: contract.WebhookServiceNotifyContainerRegistryRequest, call: Call
    ) -> contract.WebhookServiceNotifyContainerRegistryResponse:
        """Accepts a webhook of a container registry."""
        registry_id, body = request.registry_id, request.notification.data
        sender = self._settings.of_registry(registry_id)
        self._check(sender.proof, OF_REGISTRIES, body, call)
        if not 1 <= len(registry_id) <= LONGEST_REGISTRY_ID or NUL in registry_id:
            raise errors.invalid_field(
                "registry_id", f"expected 1 to {LONGEST_REGISTRY_ID} characters, none of them NUL"
            )
        folders = self._settings.folders_of_sender(sender)
        outcome = await self._take(
            "container_registry", lambda now: registry_notification(registry_id, body, now), folders
        )
        return contract.WebhookServiceNotifyContainerRegistryResponse(outcome=outcome)

    def _check(self, proof: SenderProof, table: str, body: bytes, call: Call) -> None:
        """Checks the sender before the body is parsed."""
        now = self._shared_clock.now()
        self._prove(proof, table, lambda: proof.check(call.metadata_value, body, now))

    def _check_headers(self, proof: SenderProof, table: str, arrival: Arrival) -> bool:
        now = self._shared_clock.now()
        return self._prove(proof, table, lambda: proof.check_headers(arrival.metadata_value, now))

    def _prove(self, proof: SenderProof, table: str, check: Callable[[], bool | None]) -> bool:
        if not proof:
            if self._proven:
                raise errors.sender_unprovable(table)
            return True
        try:
            return bool(check())
        except ProofRefused as error:
            raise errors.sender_unproven(str(error)) from error

    async def _take(
        self, kind: str, read: Callable[[int], Notification], folders: Folders
    ) -> contract.NotificationOutcome:
        try:
            notification = read(nanos_of(self._clock.now()))
        except NotificationError as error:
            field = joined(BODY, error.field) if error.field else BODY
            raise errors.invalid_field(field, error.reason) from error
        incoming = [replace(each, folders=folders) for each in notification.incoming]
        taken = sum(await take(self._intake, incoming), Taken())
        await refuse(self._intake, _refused(kind, notification, folders))
        return contract.NotificationOutcome(
            events=len(notification.incoming),
            ignored=notification.ignored,
            accepted=taken.accepted,
            repeated=taken.repeated,
            lost=taken.lost,
            filtered=taken.filtered,
            refused=notification.refused or None,
        )


def _registry_id(segment: str) -> str:
    """Returns a segment of a path as the transcoder reads it, which leaves an encoded `/`."""
    return unquote(re.sub("%(?=2[fF])", "%25", segment))


def _refused(kind: str, notification: Notification, folders: Folders) -> list[Refused]:
    """Returns what can't be read; an entry that names no source is for those of the others."""
    named = dict.fromkeys(
        key for each in notification.incoming for key in keys_of_event(each.event)
    )
    others = tuple(named)[:MOST_KEYS]
    return [
        Refused(kind, (each.key,) if each.key else others, each.entries, str(each.error), folders)
        for each in notification.unreadable
    ]
