"""Refuses listeners beyond this machine without access control, unless an option allows them."""

import ipaddress


class ExposureRefused(Exception):
    """A listener would be open to other machines; the message says how to change that."""


def refuse_exposure(option: str, host: str, *, allowed: bool) -> None:
    """Checks the host of one listener.

    Raises:
        ExposureRefused: the host is not loopback, and `allowed` is false.
    """
    if allowed or is_loopback(host):
        return
    raise ExposureRefused(
        f"{option} {host} can be reached from other machines, and nothing checks who calls: "
        "add --access to check callers, or --allow-unauthenticated to let anyone in, or listen on "
        "127.0.0.1"
    )


def refuse_open_mail(host: str, *, known_senders: bool) -> None:
    """Checks the listener for mail under access control, as SMTP carries no credential.

    Raises:
        ExposureRefused: the host is not loopback, and the settings don't restrict the senders.
    """
    if known_senders or is_loopback(host):
        return
    raise ExposureRefused(
        f"--smtp {host} can be reached from other machines, and mail has no credential: set the "
        "networks of its senders by allow in [sources.mail], or add --allow-unauthenticated to "
        "accept mail from anyone, or listen on 127.0.0.1"
    )


def refuse_ignored_accounts(*, has_accounts: bool, ignored: bool) -> None:
    """Checks a database that is served without access control.

    Raises:
        ExposureRefused: it has accounts, and the settings don't ignore them.
    """
    if has_accounts and not ignored:
        raise ExposureRefused(
            "the database has accounts, and without access control anyone who reaches the server "
            "may do anything: add --access to check callers, or --ignore-accounts to serve without "
            "the accounts"
        )


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
