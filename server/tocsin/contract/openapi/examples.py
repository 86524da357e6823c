"""Reads the examples of requests; the tests send each of them to a server."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from tocsin.contract.openapi import Json


def examples_of(method: str) -> Mapping[str, Json]:
    """Returns the examples of a method by their names, each with `summary` and `body`."""
    return all_examples().get(method, {})


@cache
def all_examples() -> Mapping[str, Mapping[str, Json]]:
    """Returns the examples of all methods, by the full names of the methods."""
    text = files(__package__).joinpath("examples.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def shown(examples: Mapping[str, Json]) -> Json:
    """Returns examples as the `examples` of a body."""
    return {
        name: {"summary": example["summary"], "value": example["body"]}
        for name, example in examples.items()
    }


def values_of(examples: Mapping[str, Json], name: str) -> Sequence[Any]:
    """Returns the values that examples give to a parameter of a path or a query."""
    given = [example.get("parameters", {}).get(name) for example in examples.values()]
    return list(dict.fromkeys(value for value in given if value is not None))
