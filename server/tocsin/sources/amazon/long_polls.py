"""Asks queues of the SQS protocol for messages, again and again, with little work for each time.

Of an idle queue this is all there is: a request each 20 seconds, and an empty answer. Made, signed
and read by botocore's client it costs twice as much as what goes over the wire, so that is done
here. How it goes there stays the client's business: connections, certificates, proxies. It is AWS
JSON 1.0, as the client speaks it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

OPERATION = "ReceiveMessage"
HEADERS = {
    "X-Amz-Target": f"AmazonSQS.{OPERATION}",
    "Content-Type": "application/x-amz-json-1.0",
}
OK = 200
LONGEST_REFUSAL = 200


async def receive_messages(
    client: Any, signed_by: ReadOnlyCredentials, **asked: Any
) -> Sequence[Mapping[str, Any]]:
    """Returns what `client.receive_message` returns as `Messages`; takes what that takes.

    Raises:
        ClientError: the service refuses, or answers what is no answer.
        BotoCoreError, aiohttp.ClientError, OSError: it does not answer.
    """
    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    if session is None:
        # It has no public name. Where it is elsewhere the client does all of it, at more cost.
        answer = await client.receive_message(**asked)
        found: Sequence[Mapping[str, Any]] = answer.get("Messages", ())
        return found
    url = f"{client.meta.endpoint_url.rstrip('/')}/"
    request = AWSRequest("POST", url, headers=HEADERS, data=json.dumps(asked).encode())
    SigV4Auth(signed_by, "sqs", client.meta.region_name).add_auth(request)
    response = await session.send(request.prepare())
    body = await response.content
    if response.status_code != OK:
        raise _refusal(response.status_code, body)
    try:
        return _messages(body)
    except (ValueError, TypeError, AttributeError) as error:
        raise _error("no answer of this protocol", f"{error}") from error


def _messages(body: bytes) -> Sequence[Mapping[str, Any]]:
    messages: Sequence[Mapping[str, Any]] = json.loads(body).get("Messages") or ()
    for message in messages:
        for attribute in message.get("MessageAttributes", {}).values():
            if "BinaryValue" in attribute:
                attribute["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
    return messages


def _refusal(status: int, body: bytes) -> ClientError:
    try:
        told = json.loads(body)
        code = str(told["__type"]).rpartition("#")[2]
        return _error(code, str(told.get("message") or told.get("Message") or ""))
    except (ValueError, TypeError, LookupError, AttributeError):
        return _error(str(status), body[:LONGEST_REFUSAL].decode(errors="replace"))


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, OPERATION)
