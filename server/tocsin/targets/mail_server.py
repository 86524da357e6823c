"""Defines the settings of the mail server that notices go through."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from tocsin.fields import STRICT
from tocsin.outgoing.reach import LOCALHOST, is_address, never_called

# RFC 5321, 4.5.3.1.3: a path of 256 octets, with its brackets.
LONGEST_ADDRESS = 254
HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
PORTS = {"starttls": 587, "tls": 465, "off": 25}


def check_mail_address(text: str) -> str:
    wrong = ValueError("expected a mail address such as ops@example.com, in ASCII, without a name")
    if not text.isascii() or not text.isprintable() or len(text) > LONGEST_ADDRESS:
        raise wrong
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise wrong from error
    if not address.username or not address.domain or set(text) & set(" <>,;\"'\\()"):
        raise wrong
    return text


def check_host(host: str) -> str:
    if is_address(host):
        if why := never_called(host):
            raise ValueError(f"{host} is {why}, which is never called")
    elif not HOST.fullmatch(host):
        raise ValueError("expected the name or the address of a host, such as smtp.example.com")
    return host


MailAddress = Annotated[str, AfterValidator(check_mail_address)]


class MailServerSettings(BaseModel):
    """Sets the mail server that takes notices, and who they are from."""

    model_config = STRICT

    host: Annotated[str, AfterValidator(check_host)] = Field(
        description="Host of the mail server that takes notices. The rules of `networks` in "
        "[targets] apply.",
        examples=["smtp.example.com"],
    )
    port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Its port; left out, 587 with `starttls`, 465 with `tls`, and 25 with `off`.",
    )
    security: Literal["starttls", "tls", "off"] = Field(
        "starttls",
        description="`starttls`: TLS begins by STARTTLS, or nothing is sent; `tls`: from the first "
        "byte on; `off`: never. The certificate must be valid for `host`.",
    )
    ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that sign the server's certificate; left out, the "
        "system's are used.",
    )
    username: str | None = Field(None, description="User name to log in with.")
    password: SecretStr | None = Field(None, description="Password to log in with.")
    password_file: Path | None = Field(
        None,
        description="A file with the password, in place of `password`. It is read at the start; a "
        "line break at its end does not count.",
    )
    sender: MailAddress = Field(
        description="Address that notices are from.", examples=["tocsin@example.com"]
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("password, password_file: only one of the two is possible")
        has_password = self.password is not None or self.password_file is not None
        if has_password != (self.username is not None):
            raise ValueError("username: is needed with a password, and a password with it")
        if self.security == "off":
            self._check_without_tls(has_password=has_password)
        return self

    def _check_without_tls(self, *, has_password: bool) -> None:
        if self.ca_file is not None:
            raise ValueError("ca_file: counts for nothing with security = 'off'")
        is_here = self.host.lower() == LOCALHOST or self.host == "::1"
        if has_password and not is_here and not self.host.startswith("127."):
            raise ValueError(
                "security: must be 'starttls' or 'tls' with a password, unless host is this machine"
            )

    @property
    def port_to_dial(self) -> int:
        """Returns the port, that of its kind of security if none is set."""
        return PORTS[self.security] if self.port is None else self.port

    def secret(self) -> str | None:
        """Returns the password to log in with, or None.

        Raises:
            ValueError: the file can't be read, or is empty; the message names it.
        """
        if self.password_file is None:
            return None if self.password is None else self.password.get_secret_value()
        try:
            text = self.password_file.read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise ValueError(
                f"notify.mail.password_file: {self.password_file} can't be read: {why}"
            ) from error
        if not text:
            raise ValueError(f"notify.mail.password_file: {self.password_file} is empty")
        return text
