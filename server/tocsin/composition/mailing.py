"""Opens the listener for mail."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tocsin.compilers.loading import load_plan
from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import StartError
from tocsin.composition.stopping import Grace
from tocsin.engine.events.intake import Intake
from tocsin.settings import Address, Settings
from tocsin.sources.kinds.mail import KIND as MAIL_KIND

if TYPE_CHECKING:
    from tocsin.sources.mail.server import MailServer
    from tocsin.sources.mail.tls import MailTls


async def open_smtp(
    stack: AsyncExitStack, ground: Ground, intake: Intake, grace: Grace
) -> Address | None:
    """Opens the listener if it is on; returns its address.

    Raises:
        StartError: the listener can't be opened.
    """
    if ground.settings.smtp is None:
        return None
    mails = _mail_server(ground, intake)
    smtp = await _start_smtp(ground.settings.smtp, mails)
    stack.push_async_callback(grace.stop, mails.stop)
    return smtp


def _mail_server(ground: Ground, intake: Intake) -> "MailServer":
    # Useless to servers that receive no mail.
    from tocsin.sources.mail.attachments import AttachmentBuckets
    from tocsin.sources.mail.server import MailServer

    settings, observer = ground.settings, ground.telemetry.observer
    mail = settings.sources.mail
    return MailServer(
        ground.database,
        ground.clock,
        intake,
        AttachmentBuckets(mail, settings.targets.reach),
        machine_clock=MACHINE_CLOCK,
        load_plan=load_plan,
        settings=mail,
        tls=_mail_tls(settings),
        stands=lambda healthy: observer.source_stands(MAIL_KIND.name, healthy=healthy),
    )


def _mail_tls(settings: Settings) -> "MailTls | None":
    from tocsin.sources.mail.tls import MailTls

    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        return MailTls(settings.tls_cert, settings.tls_key)
    except OSError as error:
        raise StartError(
            f"SMTP can't use {settings.tls_cert} and {settings.tls_key} for TLS: {error}"
        ) from error


async def _start_smtp(listen: Address, mails: "MailServer") -> Address:
    try:
        port = await mails.start(*listen)
    except OSError as error:
        raise StartError(
            f"SMTP can't listen on {listen}: {error.strerror}. Give --smtp another address"
        ) from error
    return Address(listen.host, port)
