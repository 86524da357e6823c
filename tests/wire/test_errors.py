"""Errors that clients are given are exceptions like any other."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tocsin.wire import errors


@contextmanager
def something_open() -> Iterator[None]:
    yield


def test_an_error_passes_through_whatever_is_open() -> None:
    raised = errors.trigger_not_found("a1s")
    with pytest.raises(errors.ApiError) as caught, something_open():
        raise raised
    assert caught.value is raised
