"""Polls queues of the SQS protocol cheaply.

An idle queue costs one request with an empty answer each 20 seconds. In botocore's client,
building, signing and parsing cost twice as much as the transfer, so this module does them. The
client still does the rest: connections, certificates, proxies. The format is AWS JSON 1.0, as the
client's.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

OPERATION = "ReceiveMessage"
HEADERS = {
    "X-Amz-Target": f"AmazonSQS.{OPERATION}",
    "Content-Type": "application/x-amz-json-1.0",
}
OK = 200
LONGEST_REFUSAL = 200


async def receive_messages(
    client: Any, signed_by: "ReadOnlyCredentials", **asked: Any
) -> Sequence[Mapping[str, Any]]:
    """Does the same as `client.receive_message`, and returns its `Messages`.

    Binary values of attributes stay in base64, as they came: one that is wrong is its message's.

    Raises:
        ClientError: the service refuses, or gives an answer of another format.
        BotoCoreError, aiohttp.ClientError, OSError: the service does not answer.
    """
    # They came with the client.
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    if session is None:
        # The session has no public name; if it moves, the client does everything, at more cost.
        answer = await client.receive_message(**asked)
        messages: Sequence[Mapping[str, Any]] = answer.get("Messages", ())
        return messages
    url = f"{client.meta.endpoint_url.rstrip('/')}/"
    request = AWSRequest("POST", url, headers=HEADERS, data=json.dumps(asked).encode())
    SigV4Auth(signed_by, "sqs", client.meta.region_name).add_auth(request)
    response = await session.send(request.prepare())
    body = await response.content
    if response.status_code != OK:
        raise _refusal(response.status_code, body)
    try:
        messages = json.loads(body).get("Messages") or ()
        return [dict(message) for message in messages]
    except (ValueError, TypeError, AttributeError) as error:
        raise _error("answer is not of this protocol", f"{error}") from error


def _refusal(status: int, body: bytes) -> ClientError:
    try:
        error = json.loads(body)
        code = str(error["__type"]).rpartition("#")[2]
        return _error(code, str(error.get("message") or error.get("Message") or ""))
    except (ValueError, TypeError, LookupError, AttributeError):
        return _error(str(status), body[:LONGEST_REFUSAL].decode(errors="replace"))


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, OPERATION)
