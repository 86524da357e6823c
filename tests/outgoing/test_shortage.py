"""What is the node's own shortage, and what is a failure of the service that is called."""

import errno
import os

import pytest
from aiohttp import ClientConnectorError
from aiohttp.client_reqrep import ConnectionKey

from tocsin.outgoing.shortage import lacks_sockets, shortage_of

KEY = ConnectionKey("127.0.0.1", 1, False, True, None, None, None)


@pytest.mark.parametrize(
    "number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL]
)
def test_a_shortage_is_found_behind_the_errors_of_libraries(number: int) -> None:
    error = OSError(number, os.strerror(number))
    wrapped = RuntimeError("could not connect")
    wrapped.__cause__ = ClientConnectorError(KEY, error)
    for each in (error, ClientConnectorError(KEY, error), wrapped):
        assert shortage_of(each) == os.strerror(number)


def test_a_thread_that_can_not_be_started_is_a_shortage() -> None:
    assert shortage_of(RuntimeError("can't start new thread")) == "can't start new thread"


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH])
def test_a_failure_of_the_other_side_is_no_shortage(number: int) -> None:
    assert shortage_of(ClientConnectorError(KEY, OSError(number, "x"))) is None
    assert shortage_of(TimeoutError()) is None


def test_a_process_with_descriptors_lacks_none() -> None:
    assert lacks_sockets() is None
