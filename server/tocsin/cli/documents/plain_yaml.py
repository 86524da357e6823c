"""Reads YAML by the rules of JSON.

Only true, false, null and decimal numbers are not strings; `no`, `12:30`, `2026-01-31` and `007`
are. An object may not have a key twice. JSON is YAML too.
"""

import math
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import yaml

# Tag, pattern, and the characters that a match can start with; the first match wins.
_RESOLVERS = (
    ("tag:yaml.org,2002:null", r"null|~|", ["n", "~", ""]),
    ("tag:yaml.org,2002:bool", r"true|false", ["t", "f"]),
    ("tag:yaml.org,2002:int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?",
        list("-0123456789"),
    ),
)


# As deep as protobuf reads JSON.
DEEPEST = 100
# Aliases count as often as they are used: ten lines of them can mean a billion values.
MOST_VALUES = 20_000
MOST_DIGITS = 100

TOO_DEEP = f"must not be nested more than {DEEPEST} levels deep"


class _Loader(yaml.SafeLoader):
    """Loads YAML without the implicit types of YAML 1.1."""

    yaml_implicit_resolvers = {}  # noqa: RUF012

    def fetch_flow_collection_start(self, token: Any) -> None:
        """Refuses brackets that are nested too deep; PyYAML's work grows with their square."""
        if self.flow_level > DEEPEST:
            raise yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=self.get_mark())
        super().fetch_flow_collection_start(token)


for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)


def read(text: str) -> yaml.Node | None:
    """Returns the root node of the document in a text; None if the text is empty.

    Raises:
        yaml.YAMLError: the text is not YAML, has a key twice, is nested too deep or too large, or
            has a number that JSON does not have; a MarkedYAMLError says where.
    """
    try:
        root = yaml.compose(text, _Loader)
    except RecursionError as error:
        raise yaml.YAMLError(TOO_DEEP) from error
    if root is not None:
        _check(root, (), count(1))
    return root


def value(node: yaml.Node) -> Any:
    """Returns a node's value as JSON types: None, a bool, a number, a string, a list or a dict."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: value(item) for key, item in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [value(item) for item in node.value]
    match node.tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool":
            return node.value == "true"
        case "tag:yaml.org,2002:int":
            return int(node.value)
        case "tag:yaml.org,2002:float":
            return float(node.value)
    return node.value


def line(node: yaml.Node) -> int:
    """Returns the line in which a node begins; the first line is 1."""
    return int(node.start_mark.line) + 1


def _check(node: yaml.Node, above: tuple[yaml.Node, ...], values: Iterator[int]) -> None:
    if node in above:
        raise _error(node, "an alias must not be inside its own anchor")
    if len(above) > DEEPEST:
        raise _error(node, TOO_DEEP)
    if next(values) > MOST_VALUES:
        raise _error(node, f"must not have more than {MOST_VALUES} values, aliases written out")
    if isinstance(node, yaml.ScalarNode):
        _check_number(node)
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error(key, "the name of a field must be a string")
            if key.value in seen:
                raise _error(key, f"{key.value} must be given only once")
            seen.add(key.value)
            _check(item, above, values)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, above, values)


def _check_number(node: yaml.ScalarNode) -> None:
    if node.tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        return
    if len(node.value) > MOST_DIGITS:
        raise _error(node, f"a number must not have more than {MOST_DIGITS} characters")
    if not math.isfinite(float(node.value)):
        raise _error(node, f"{node.value} is too large a number")


def _error(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
