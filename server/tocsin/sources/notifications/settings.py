"""The settings of webhooks: how their senders prove themselves."""

from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from tocsin.access.shared_secret import SharedSecret
from tocsin.access.webhook_proofs import SenderProof, standard_key
from tocsin.fields import STRICT


def check_shown(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value or value != value.strip():
        raise ValueError("is empty, or has white space around it; left out, nobody shows it")
    return secret


def check_standard_key(key: SecretStr) -> SecretStr:
    standard_key(key.get_secret_value())
    return key


ShownSecret = Annotated[SecretStr, AfterValidator(check_shown)]
StandardKey = Annotated[SecretStr, AfterValidator(check_standard_key)]


class SenderSettings(BaseModel):
    """How a sender of webhooks proves itself. Of what is set, one is enough."""

    model_config = STRICT

    secret: ShownSecret | None = Field(
        None,
        description="What is shown in the `Authorization` header: by itself, as `Bearer SECRET`, "
        "or as the password of basic authentication.",
    )
    hub_keys: list[ShownSecret] = Field(
        [],
        description="What bodies are signed with as GitHub and Gitea do, in `X-Hub-Signature-256`; "
        "several while one takes the other's place.",
    )
    standard_keys: list[StandardKey] = Field(
        [],
        description="The same for Standard Webhooks, `webhook-signature`: each is `whsec_` and "
        "base64. What was signed more than five minutes ago is refused.",
    )

    @cached_property
    def proof(self) -> SenderProof:
        """What the headers of a webhook are checked by."""
        return SenderProof(
            None if self.secret is None else SharedSecret(self.secret.get_secret_value()),
            tuple(key.get_secret_value().encode() for key in self.hub_keys),
            tuple(standard_key(key.get_secret_value()) for key in self.standard_keys),
        )


class WebhookSettings(SenderSettings):
    """What object storages and container registries tell by HTTP.

    What is set here is for all senders but those that have a table of their own.
    """

    object_storage: SenderSettings | None = Field(
        None, description="How object storages prove themselves, if not as all others."
    )
    registries: dict[str, SenderSettings] = Field(
        {},
        description="How single container registries prove themselves, by the last part of their "
        "URL, if not as all others.",
        examples=[{"crt00000000000000reg": {"secret": "…"}}],
    )

    @property
    def of_object_storage(self) -> SenderSettings:
        return self.object_storage or self

    def of_registry(self, registry_id: str) -> SenderSettings:
        return self.registries.get(registry_id, self)
