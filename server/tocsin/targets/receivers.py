"""Defines the settings of notices: who is told of failures, silence and recovery."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from tocsin.access.webhook_proofs import standard_key
from tocsin.fields import DAY, STRICT
from tocsin.outgoing.settings import ServiceUrl
from tocsin.plans.plan import Function, Notice, Target
from tocsin.targets.mail_server import MailAddress, MailServerSettings

# As values of a trigger's labels are (the contract of triggers).
NAME = re.compile(r"[a-z][-_0-9a-z]{0,62}")
LABEL = "tocsin/notify"
NOBODY = "off"
EVERYWHERE = "*"
LOCATION = re.compile(r"projects/[^/\s]+/locations/[^/\s]+")
INTEGRATION = re.compile(LOCATION.pattern + r"/integrations/[^/\s]+")


def check_key(secret: SecretStr) -> SecretStr:
    standard_key(secret.get_secret_value())
    return secret


def check_location(text: str) -> str:
    if text != EVERYWHERE and not LOCATION.fullmatch(text):
        raise ValueError('expected projects/NAME/locations/NAME, or "*"')
    return text


def check_integration(text: str) -> str:
    if not INTEGRATION.fullmatch(text):
        raise ValueError("expected projects/NAME/locations/NAME/integrations/NAME")
    return text


class Occasion(StrEnum):
    """Says what a receiver is told of."""

    FAILURE = "failure"
    SILENCE = "silence"
    RECOVERY = "recovery"


class Receiver(BaseModel):
    """Sets one receiver of notices: a webhook, mail, or a function."""

    model_config = STRICT

    url: ServiceUrl | None = Field(
        None,
        description="URL to which notices are POSTed, signed as Standard Webhooks say. The rules "
        "of `networks` in [targets] apply.",
        examples=["https://hooks.example.com/tocsin"],
    )
    secret: Annotated[SecretStr, AfterValidator(check_key)] | None = Field(
        None,
        description="Key that signs notices for `url`: `whsec_` and the Base64 of 24 to 64 bytes.",
        examples=["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
    )
    mail: list[MailAddress] = Field(
        [],
        max_length=50,
        description="Mail addresses to which notices are sent, in place of `url`; [notify.mail] "
        "says by which server.",
    )
    function: str = Field(
        "",
        max_length=50,
        description="Id of a function that is called with notices, in place of `url`.",
    )
    folders: list[str] = Field(
        [],
        description='Folders whose triggers it is told of; `["*"]` for all. A trigger\'s label '
        "`tocsin/notify` with the receiver's name goes before; it counts in these folders, or "
        "everywhere if there are none.",
        examples=[["b1g00000000000000001"]],
    )
    locations: list[Annotated[str, AfterValidator(check_location)]] = Field(
        [],
        description="Projects and locations whose executions and schedules of integrations it is "
        'told of; `["*"]` for all.',
        examples=[["projects/local/locations/local"]],
    )
    integrations: list[Annotated[str, AfterValidator(check_integration)]] = Field(
        [],
        description="Integrations that it is told of. Of these, no receiver is told that has only "
        "their location.",
        examples=[["projects/local/locations/local/integrations/nightly"]],
    )
    on: list[Occasion] = Field(
        list(Occasion),
        description="What it is told of: `failure` (a delivery failed for good), `silence` (a "
        "timer did not fire) and `recovery` (one of these is over).",
    )
    failures: int = Field(
        1,
        ge=1,
        le=100,
        description="How many deliveries of a trigger must fail in a row, each for good.",
    )
    silence: float = Field(
        300.0,
        ge=60,
        le=31 * DAY,
        allow_inf_nan=False,
        description="Seconds that a timer's tick may be overdue before that counts as silence.",
    )

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        if [bool(self.url), bool(self.mail), bool(self.function)].count(True) != 1:
            raise ValueError("url, mail, function: exactly one of the three is needed")
        if self.url is not None and self.secret is None:
            raise ValueError("secret: is needed with url, so that the receiver can check who calls")
        if self.secret is not None and self.url is None:
            raise ValueError("secret: signs notices for url; mails and functions have none")
        return self

    def is_of(self, folder_id: str) -> bool:
        """Returns whether it is told of all triggers of a folder."""
        return folder_id in self.folders or EVERYWHERE in self.folders

    def is_of_location(self, location: str) -> bool:
        """Returns whether it is told of all integrations of a project and location."""
        return location in self.locations or EVERYWHERE in self.locations

    @property
    def key(self) -> bytes:
        """Returns the bytes that sign; empty for mails and functions."""
        return b"" if self.secret is None else standard_key(self.secret.get_secret_value())


def check_names(receivers: dict[str, Receiver]) -> dict[str, Receiver]:
    for name in receivers:
        if not NAME.fullmatch(name) or name == NOBODY:
            raise ValueError(
                f"{name!r} can't be a receiver's name: expected a lower-case letter, then up to 62 "
                f"of a-z, 0-9, - and _, and not {NOBODY!r}"
            )
    return receivers


class NotifySettings(BaseModel):
    """Sets who is told when triggers fail, fall silent and recover."""

    model_config = STRICT

    mail: MailServerSettings | None = Field(None, description="The mail server of notices.")
    receivers: Annotated[dict[str, Receiver], AfterValidator(check_names)] = Field(
        {}, description="Receivers of notices, by name."
    )

    @model_validator(mode="after")
    def _has_a_mail_server(self) -> Self:
        for name, addresses in self.recipients.items():
            if self.mail is None:
                raise ValueError(
                    f"receivers.{name}.mail: {addresses[0]} needs a mail server: set host and "
                    "sender in [notify.mail]"
                )
        return self

    @property
    def recipients(self) -> dict[str, list[str]]:
        """Returns the mail addresses of the receivers that have some, by the receivers' names."""
        return {name: one.mail for name, one in self.receivers.items() if one.mail}

    def of_trigger(self, folder_id: str, labels: Mapping[str, str]) -> dict[str, Receiver]:
        """Returns the receivers of a trigger: that of its label, or those of its folder.

        A label that names no receiver counts for nothing, so that a typing error silences nobody.
        Nor does one that names a receiver of other folders: whoever writes triggers in one folder
        can't call the people of another.
        """
        label = labels.get(LABEL, "")
        if label == NOBODY:
            return {}
        named = self.receivers.get(label)
        if named is not None and (not named.folders or named.is_of(folder_id)):
            return {label: named}
        return {
            name: receiver for name, receiver in self.receivers.items() if receiver.is_of(folder_id)
        }

    def of_integration(self, location: str, integration: str) -> dict[str, Receiver]:
        """Returns the receivers of an integration, by full name, and of its schedules.

        Those that name it go before those of its location.
        """
        named = {
            name: receiver
            for name, receiver in self.receivers.items()
            if integration in receiver.integrations
        }
        return named or {
            name: receiver
            for name, receiver in self.receivers.items()
            if receiver.is_of_location(location)
        }

    def target(self, name: str) -> Target:
        """Returns the target of a receiver's notices."""
        function = self.receivers[name].function
        return Function(function) if function else Notice(name)
