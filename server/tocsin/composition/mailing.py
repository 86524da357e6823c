"""Opens the door for mails."""

from contextlib import AsyncExitStack

from tocsin.compilers.loading import load_plan
from tocsin.composition.configured import MACHINE, reach_of
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import StartError
from tocsin.composition.stopping import Grace
from tocsin.engine.events.intake import Intake
from tocsin.outgoing.reach import parse_networks
from tocsin.settings import Address, Settings
from tocsin.sources.kinds.mail import KIND as MAIL_KIND
from tocsin.sources.mail.attachments import Attachments, BucketSettings
from tocsin.sources.mail.server import MailLimits, MailServer
from tocsin.sources.mail.tls import MailTls


async def open_smtp(
    stack: AsyncExitStack, ground: Ground, intake: Intake, grace: Grace
) -> Address | None:
    """Opens it if the settings ask for it; returns where.

    Raises:
        StartError: it can't be opened.
    """
    if ground.settings.smtp is None:
        return None
    mails = _mail_server(ground, intake)
    smtp = await _start_smtp(ground.settings.smtp, mails)
    stack.push_async_callback(lambda: mails.stop(grace.left()))
    return smtp


def _mail_server(ground: Ground, intake: Intake) -> MailServer:
    settings, observer = ground.settings, ground.telemetry.observer
    mail = settings.sources.mail
    secret = mail.s3_secret_access_key
    buckets = BucketSettings(
        endpoint=mail.s3_endpoint,
        region=mail.s3_region,
        access_key_id=mail.s3_access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
    )
    return MailServer(
        ground.database,
        ground.clock,
        intake,
        Attachments(buckets, reach_of(settings)),
        machine=MACHINE,
        load_plan=load_plan,
        limits=MailLimits(mail.max_bytes, mail.connections, parse_networks(mail.allow)),
        tls=_mail_tls(settings),
        stands=lambda healthy: observer.source_stands(MAIL_KIND.name, healthy=healthy),
    )


def _mail_tls(settings: Settings) -> MailTls | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    try:
        return MailTls(settings.tls_cert, settings.tls_key)
    except OSError as error:
        raise StartError(
            f"mails can't be taken over TLS by {settings.tls_cert} and {settings.tls_key}: {error}"
        ) from error


async def _start_smtp(listen: Address, mails: MailServer) -> Address:
    try:
        port = await mails.start(*listen)
    except OSError as error:
        raise StartError(
            f"mails can't be taken on {listen}: {error.strerror}. Give --smtp another address"
        ) from error
    return Address(listen.host, port)
