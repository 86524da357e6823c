"""Nothing listens beyond this machine without access control, unless told so in so many words."""

import ipaddress


class ExposureRefused(Exception):
    """A listener would be open to others; the message says what would change that."""


def refuse_exposure(option: str, host: str, *, allowed: bool) -> None:
    """Checks one listener.

    Raises:
        ExposureRefused: the host is not loopback, and that was not allowed.
    """
    if allowed or is_loopback(host):
        return
    raise ExposureRefused(
        f"{option} {host} can be reached from other machines, and nothing checks who calls: "
        "say --access to check it, or --allow-unauthenticated to let anyone in, or listen on "
        "127.0.0.1"
    )


def refuse_open_mail(host: str, *, known_senders: bool) -> None:
    """Checks the listener for mails under access control: SMTP asks nobody for a credential.

    Raises:
        ExposureRefused: all who reach it could send, and others than this machine do.
    """
    if known_senders or is_loopback(host):
        return
    raise ExposureRefused(
        f"--smtp {host} can be reached from other machines, and mails have no credential: name the "
        "networks of their senders by allow in [sources.mail], or say --allow-unauthenticated to "
        "take mails of anyone, or listen on 127.0.0.1"
    )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
