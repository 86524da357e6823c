"""YAML that is read by the rules of JSON.

`no`, `12:30`, `2026-01-31` and `007` are strings, as they look; only true, false, null and decimal
numbers are something else. A key may stand only once. JSON is YAML too.
"""

import re
from typing import Any

import yaml

# In the order in which they are tried, each with the first characters that it can have.
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


class _Loader(yaml.SafeLoader):
    """Starts without the rules of YAML 1.1."""

    yaml_implicit_resolvers = {}  # noqa: RUF012


for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)


def read(text: str) -> yaml.Node | None:
    """Returns the nodes of the one document in a text, or None if there is nothing in it.

    Raises:
        yaml.YAMLError: it is no YAML, or has a key twice; a MarkedYAMLError knows where.
    """
    root = yaml.compose(text, _Loader)
    if root is not None:
        _check(root, ())
    return root


def value(node: yaml.Node) -> Any:
    """Returns what a node says as JSON would: None, a bool, a number, a string, a list, a dict."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: value(each) for key, each in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [value(each) for each in node.value]
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
    """Returns the line in which a node begins, from 1 on."""
    return int(node.start_mark.line) + 1


def _check(node: yaml.Node, above: tuple[yaml.Node, ...]) -> None:
    if node in above:
        raise _error(node, "an alias can't stand within what it stands for")
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, each in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error(key, "the name of a field must be a string")
            if key.value in seen:
                raise _error(key, f"{key.value} stands here twice")
            seen.add(key.value)
            _check(each, above)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check(each, above)


def _error(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
