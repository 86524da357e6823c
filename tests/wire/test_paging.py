"""A page token is read by the caller and the list that it was made for, and by no other."""

import base64
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stand.calls import arrival
from tocsin.access.principal import Principal
from tocsin.wire.calls import Call
from tocsin.wire.errors import ApiError
from tocsin.wire.paging import ListTokens, PageTokens, new_key
from tocsin_protos.tocsin.v1 import access_service_pb2, event_service_pb2

LONGEST = 100
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
KEY = new_key()
LIST: Any = access_service_pb2.ListAccountsRequest()
OTHER_LIST: Any = event_service_pb2.EventServiceListIntakesRequest()
POSITION = "a1s0123456789abcdefg"


def caller(subject: str | None) -> Call:
    arrived = arrival("")
    arrived.caller = None if subject is None else Principal(subject)
    return Call(arrived)


def tokens(*arguments: str, subject: str | None = "me", key: bytes = KEY) -> ListTokens:
    return PageTokens(key).of(caller(subject), LIST, *arguments)


def refused(read_by: ListTokens, token: str) -> None:
    with pytest.raises(ApiError) as raised:
        read_by.position(token)
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT
    [violation] = raised.value.violations
    assert violation.field == "page_token"
    assert "first page" in violation.description


@given(st.text(min_size=1, max_size=900))
def test_a_position_is_read_again(position: str) -> None:
    assert tokens("f").position(tokens("f").token(position)) == position


def test_an_instant_and_the_longest_id_fit() -> None:
    instant = datetime(2111, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    longest_id = "f" * 36
    token = tokens().token_in_time(instant, longest_id)
    assert len(token) <= LONGEST
    assert tokens().position_in_time(token) == (instant, longest_id)


@pytest.mark.parametrize(
    "place",
    [
        "folders/b1g01234567890123456\tserviceAccount:aje01234567890123456\tfunctions.editor",
        "projects/some-project/locations/europe-west1\tuserAccount:aje01234567890123456\tviewer",
    ],
)
def test_a_usual_binding_fits(place: str) -> None:
    token = tokens().token(place)
    assert len(token) <= LONGEST
    assert tokens().position(token) == place


def test_the_first_page_has_no_token() -> None:
    assert tokens().position("") is None
    assert tokens().position_in_time("") is None


def test_each_changed_character_is_refused() -> None:
    for position in (POSITION, POSITION[:-1], POSITION[:-2]):  # with and without unused bits
        token = tokens("f").token(position)
        for place, character in enumerate(token):
            for other in (*ALPHABET, "=", "+", "/", "я", ""):
                if other != character:
                    refused(tokens("f"), token[:place] + other + token[place + 1 :])
        for changed in (token + "A", token + "=", " " + token, token[:-1], token + token):
            refused(tokens("f"), changed)


def test_another_list_caller_or_store_refuses_it() -> None:
    token = tokens("f", "x").token(POSITION)
    assert tokens("f", "x").position(token) == POSITION
    refused(tokens("f"), token)
    refused(tokens("f", "y"), token)
    refused(tokens("fx", ""), token)
    refused(tokens("f\0x"), token)
    refused(tokens("f", "x", subject="you"), token)
    refused(tokens("f", "x", subject=None), token)
    refused(tokens("f", "x", key=new_key()), token)
    refused(PageTokens(KEY).of(caller("me"), OTHER_LIST, "f", "x"), token)


def test_what_it_says_is_not_read_from_it() -> None:

    sealed = base64.urlsafe_b64decode(tokens().token(POSITION) + "==")
    assert POSITION.encode() not in sealed
    assert POSITION[:8].encode() not in sealed
