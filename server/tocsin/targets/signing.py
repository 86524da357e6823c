"""Signs notices as Standard Webhooks 1.0 say."""

import base64
import hashlib
import hmac
from datetime import datetime

VERSION = "v1"


def signed_headers(key: bytes, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Returns the headers by which a receiver checks who sent a message, and when.

    Args:
        key: the bytes of the shared key.
        message_id: the message's id, the same at each try.
        body: the body.
        now: the instant of this try; receivers refuse messages of another time.
    """
    timestamp = str(int(now.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"{VERSION},{signature}",
    }
