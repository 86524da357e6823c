"""Defines the settings of webhooks: how their senders prove themselves."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from tocsin.access.shared_secret import SharedSecret
from tocsin.access.webhook_proofs import SenderProof, standard_key
from tocsin.fields import STRICT
from tocsin.sources.folders import Folders, FolderSettings, folder_set


def check_shown(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value or value != value.strip():
        raise ValueError(
            "must not be empty or have white space around it; leave it out to use no secret"
        )
    return secret


def check_standard_key(key: SecretStr) -> SecretStr:
    standard_key(key.get_secret_value())
    return key


ShownSecret = Annotated[SecretStr, AfterValidator(check_shown)]
StandardKey = Annotated[SecretStr, AfterValidator(check_standard_key)]


class SenderSettings(FolderSettings):
    """Sets how a sender of webhooks proves itself, and which folders get its events.

    Any one of the proofs is enough.
    """

    model_config = STRICT

    secret: ShownSecret | None = Field(
        None,
        description="Secret in the `Authorization` header: bare, as `Bearer SECRET`, or as the "
        "password of basic authentication.",
    )
    hub_keys: list[ShownSecret] = Field(
        [],
        description="Keys that sign bodies as GitHub and Gitea do, in `X-Hub-Signature-256`; "
        "several while one replaces the other.",
    )
    standard_keys: list[StandardKey] = Field(
        [],
        description="Keys of Standard Webhooks, for `webhook-signature`: each is `whsec_` and "
        "base64. Signatures older than five minutes are refused.",
    )

    @cached_property
    def proof(self) -> SenderProof:
        """Returns the proofs that the headers of a webhook are checked against."""
        return SenderProof(
            None if self.secret is None else SharedSecret(self.secret.get_secret_value()),
            tuple(key.get_secret_value().encode() for key in self.hub_keys),
            tuple(standard_key(key.get_secret_value()) for key in self.standard_keys),
        )


class WebhookSettings(SenderSettings):
    """Sets how object storages and container registries that send webhooks prove themselves.

    These settings apply to all senders that have no table of their own.
    """

    object_storage: SenderSettings | None = Field(
        None, description="How object storages prove themselves, if not as the others do."
    )
    registries: dict[str, SenderSettings] = Field(
        {},
        description="How single container registries prove themselves, by the last part of the "
        "webhook's URL, if not as the others do.",
        examples=[{"crt00000000000000reg": {"secret": "…"}}],
    )

    @property
    def of_object_storage(self) -> SenderSettings:
        return self.object_storage or self

    def of_registry(self, registry_id: str) -> SenderSettings:
        return self.registries.get(registry_id, self)

    def senders_of_registries(self) -> Iterator[SenderSettings]:
        """Yields the settings that apply to any registry."""
        yield from self.registries.values()
        yield self

    def folders_of_sender(self, sender: SenderSettings) -> Folders:
        """Returns the folders of a sender: its own, or those of all that have none."""
        names = self.folders if sender.folders is None else sender.folders
        return None if names is None else folder_set(names)

    def unbound(self) -> Iterator[str]:
        """Yields the tables, below this one, of senders that prove themselves without folders."""
        if self.folders is not None:
            return
        tables = {"": self, ".object_storage": self.object_storage} | {
            f".registries.{registry_id}": each for registry_id, each in self.registries.items()
        }
        for table, sender in tables.items():
            if sender is not None and sender.proof and sender.folders is None:
                yield table
