"""Every error that clients are given has its variables where programs read them (AIP-193)."""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tocsin.contract.validation import Violation
from tocsin.wire import errors
from tocsin.wire.statuses import to_status

# Their variables are the violations, which a BadRequest holds field by field.
OF_FIELDS = ("invalid", "invalid_field", "unreadable")
ERRORS = {
    name: made
    for name, made in vars(errors).items()
    if inspect.isfunction(made)
    and inspect.signature(made).return_annotation is errors.ApiError
    and not name.startswith("_")
    and name not in OF_FIELDS
}


HEADERS = Sequence[tuple[str, str]]


def argument(name: str, kind: Any) -> Any:
    """A value that stands in no text by chance."""
    if kind == HEADERS:
        return (("set-cookie", f"the-{name}"),)
    return f"the-{name}" if kind is str else 90125 if kind is int else 7.25


def made_of(make: Callable[..., errors.ApiError]) -> tuple[errors.ApiError, dict[str, Any]]:
    parameters = inspect.signature(make).parameters.values()
    given = {each.name: argument(each.name, each.annotation) for each in parameters}
    error = make(**given)
    headers = [given.pop(each.name) for each in parameters if each.annotation == HEADERS]
    assert all(set(each) <= set(error.headers) for each in headers)
    return error, given


def test_the_table_has_the_errors() -> None:
    assert len(ERRORS) > 40


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_its_variables_in_its_metadata(name: str) -> None:
    error, given = made_of(ERRORS[name])
    metadata = dict(error.metadata)
    assert set(metadata.values()) >= {
        f"{value:g}" if isinstance(value, float) else str(value) for value in given.values()
    }
    for key in metadata:
        assert re.fullmatch("[a-z][a-zA-Z0-9]{0,63}", key)
    info = next(
        detail for detail in to_status(error, "r").details if detail.type_url.endswith("ErrorInfo")
    )
    assert info.value


@pytest.mark.parametrize("name", ERRORS)
def test_an_errors_reason_is_in_the_form_that_programs_expect(name: str) -> None:
    error, _ = made_of(ERRORS[name])
    assert re.fullmatch("[A-Z][A-Z0-9_]{0,61}[A-Z0-9]", error.reason)


@pytest.mark.parametrize("make", [errors.invalid, errors.unreadable])
def test_an_error_of_fields_names_them_once(make: Callable[..., errors.ApiError]) -> None:
    paths = ("name", "rule.timer", "", "name")
    error = make([Violation(path, "is wrong") for path in paths])
    assert error.metadata == (("fields", "name,rule.timer"),)
    assert make([Violation("", "is wrong")]).metadata == ()


def test_a_long_variable_is_cut() -> None:
    error = errors.trigger_not_found("x" * 10_000)
    assert error.metadata == (("triggerId", "x" * 256),)
