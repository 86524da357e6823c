"""The settings of mails: how large, how many, from where, and where their attachments go."""

from functools import cached_property
from ipaddress import IPv6Address, ip_address

from pydantic import BaseModel, Field, SecretStr

from tocsin.fields import MEGABYTE, STRICT
from tocsin.outgoing.reach import IpNetwork, parse_networks
from tocsin.outgoing.settings import AmazonAccount, Network, ServiceUrl


class MailSettings(BaseModel):
    """Mails to the addresses of triggers, and where their attachments go."""

    model_config = STRICT

    max_bytes: int = Field(
        10 * MEGABYTE, ge=1024, description="The largest mail that is taken, in bytes."
    )
    connections: int = Field(
        100, ge=1, description="How many may send mails at once; others are asked to come again."
    )
    allow: list[Network] = Field(
        [],
        description="The networks, in CIDR form, of the hosts that may send; none: all may. Under "
        "access control a listener beyond loopback needs it.",
        examples=[["10.0.0.0/8"]],
    )
    s3_endpoint: ServiceUrl | None = Field(
        None,
        description="URL of the storage, of the S3 protocol, that has the buckets for attachments.",
        examples=["http://127.0.0.1:9000"],
    )
    s3_region: str = Field("ru-central1", description="The region that requests are signed for.")
    s3_access_key_id: str | None = Field(None, description="Whose requests they are.")
    s3_secret_access_key: SecretStr | None = Field(None, description="What they are signed with.")

    @property
    def s3_account(self) -> AmazonAccount:
        return AmazonAccount(
            region=self.s3_region,
            access_key_id=self.s3_access_key_id,
            secret_access_key=self.s3_secret_access_key,
        )

    @cached_property
    def _senders(self) -> tuple[IpNetwork, ...]:
        return parse_networks(self.allow)

    def may_send(self, address: str) -> bool:
        """Tells whether mails are taken from an IP address."""
        if not self.allow:
            return True
        parsed = ip_address(address.partition("%")[0])
        if isinstance(parsed, IPv6Address):
            parsed = parsed.ipv4_mapped or parsed
        return any(parsed in network for network in self._senders)
