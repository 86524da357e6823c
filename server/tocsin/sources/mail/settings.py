"""Defines the settings of mail."""

from functools import cached_property
from ipaddress import IPv6Address, ip_address

from pydantic import BaseModel, Field, SecretStr

from tocsin.fields import MEGABYTE, STRICT
from tocsin.outgoing.reach import IpNetwork, parse_networks
from tocsin.outgoing.settings import AmazonAccount, Network, ServiceUrl


class MailSettings(BaseModel):
    """Sets limits and senders of mail, and the storage of attachments."""

    model_config = STRICT

    max_bytes: int = Field(
        10 * MEGABYTE, ge=1024, description="Largest mail, in bytes; larger ones are refused."
    )
    connections: int = Field(
        100,
        ge=1,
        description="Most connections at once. One more asks the oldest client of the busiest "
        "address that is not sending a mail to try again later; if all are, the oldest of the "
        "busiest address, if the other address has fewer.",
    )
    connections_of_address: int = Field(
        50,
        ge=1,
        description="Most connections of one address at once, IPv6 addresses with the same first "
        "64 bits being one; more are asked to try again later.",
    )
    allow: list[Network] = Field(
        [],
        description="Networks, in CIDR form, that may send mail; empty lets every host send. Under "
        "access control, a listener beyond loopback needs this.",
        examples=[["10.0.0.0/8"]],
    )
    s3_endpoint: ServiceUrl | None = Field(
        None,
        description="URL of the storage that has the buckets for attachments, by the S3 protocol.",
        examples=["http://127.0.0.1:9000"],
    )
    s3_region: str = Field("ru-central1", description="Region that requests are signed for.")
    s3_access_key_id: str | None = Field(None, description="Access key id that signs requests.")
    s3_secret_access_key: SecretStr | None = Field(
        None, description="Secret key that signs requests."
    )

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
        """Returns whether an IP address may send mail."""
        if not self.allow:
            return True
        parsed = ip_address(address.partition("%")[0])
        if isinstance(parsed, IPv6Address):
            parsed = parsed.ipv4_mapped or parsed
        return any(parsed in network for network in self._senders)
