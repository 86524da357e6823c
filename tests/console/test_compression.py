"""Large answers are compressed for the page, and for nobody whose requests others could make."""

import gzip
import http.client
import json

import pytest

from console.rest import timer, trigger
from stand.tocsin_process import Tocsin

ZIP = {"accept-encoding": "gzip, deflate, br", "tocsin-console": "1"}


@pytest.fixture
def listed(server: Tocsin, folder: str) -> str:
    """The path of a list that is larger than 2 KB."""
    for number in range(5):
        trigger(server, folder, f"one-{number}", timer(), description="x" * 200)
    return f"/tocsin/v1/folders/{folder}/triggers"


def answered(
    server: Tocsin, path: str, verb: str = "GET", body: object = None, **headers: str
) -> tuple[str, bytes]:
    """The encoding of an answer, and its bytes as they came."""
    connection = http.client.HTTPConnection(server.http_address, timeout=30)
    sent = None if body is None else json.dumps(body)
    connection.request(verb, path, sent, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    assert answer.status == 200, data
    return answer.headers.get("content-encoding", ""), data


def test_a_list_is_smaller_on_the_wire_and_else_the_same(server: Tocsin, listed: str) -> None:
    _, plain = answered(server, listed)
    encoding, compressed = answered(server, listed, **ZIP)
    assert (encoding, json.loads(gzip.decompress(compressed))) == ("gzip", json.loads(plain))
    assert len(compressed) < len(plain) / 2


@pytest.mark.parametrize(
    "headers",
    [
        {"accept-encoding": "gzip"},
        {"accept-encoding": "gzip", "tocsin-console": "2"},
        {"tocsin-console": "1"},
        {"tocsin-console": "1", "accept-encoding": "gzip;q=0"},
        {"tocsin-console": "1", "accept-encoding": "identity"},
    ],
)
def test_others_get_it_plain(server: Tocsin, listed: str, headers: dict[str, str]) -> None:
    encoding, data = answered(server, listed, **headers)
    assert (encoding, data) == ("", answered(server, listed)[1])


def test_a_small_answer_and_one_to_a_post_stay_plain(server: Tocsin, folder: str) -> None:
    """What a POST answers can be a secret, such as a new key."""
    encoding, data = answered(server, "/tocsin/v1/session", **ZIP)
    assert (encoding, b"accessControl" in data) == ("", True)
    wanted = {"form": "FORM_JSON", "triggers": [{"folderId": folder, "description": "y" * 9000}]}
    headers = {**ZIP, "content-type": "application/json"}
    encoding, data = answered(server, "/tocsin/v1/triggers:render", "POST", wanted, **headers)
    assert (encoding, len(data) > 9000) == ("", True)
