"""Reads YAML by the rules of JSON.

Only true, false, null and decimal numbers are not strings; `no`, `12:30`, `2026-01-31` and `007`
are. An object may not have a key twice. JSON is YAML too.
"""

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

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


_INDENTING_TABS = re.compile(r"^[ \t]*\t[ \t]*", re.MULTILINE)
_LOST_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_ESCAPED_PAIR = re.compile(
    r"((?<!\\)(?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)


# As deep as protobuf reads JSON.
DEEPEST = 100
# Aliases count as often as they are used: ten lines of them can mean a billion values.
MOST_VALUES = 20_000
MOST_DIGITS = 100

TOO_DEEP = f"must not be nested more than {DEEPEST} levels deep"
_LIBYAMLS_TOO_DEEP = "exceeded maximum nesting depth"


# libyaml reads ten times as fast as Python does. PyYAML's wheels have it.
_Base: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Loader(_Base):  # type: ignore[misc]
    """Loads YAML without the implicit types of YAML 1.1."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)


def is_string(text: str) -> bool:
    """Returns whether a text that stands without quotes is read as a string."""
    return not any(re.fullmatch(pattern, text) for _, pattern, _ in _RESOLVERS)


def read(text: str) -> yaml.Node | None:
    """Returns the root node of the document in a text; None if the text is empty.

    Raises:
        yaml.YAMLError: the text is not YAML, has several documents or a key twice, is nested too
            deep or too large, or has a number that JSON does not have; a MarkedYAMLError says
            where.
    """
    roots = read_all(text)
    root = next(roots, None)
    if (second := next(roots, None)) is not None:
        raise _error(second, "must be a single document, but another one begins here")
    return root


def read_all(text: str) -> Iterator[yaml.Node]:
    """Yields the root nodes of the documents in a text, except of empty documents.

    Raises:
        yaml.YAMLError: as above; what was yielded before was right.
    """
    text = _json_as_yaml(text)
    # Aliases of many documents add up; without them, a value has at least one character.
    values = _Counter(max(MOST_VALUES, len(text)))
    _check_characters(text)
    try:
        _check_depth(text)
        for root in yaml.compose_all(text, _Loader):
            if root is None or _is_empty(root):
                continue
            # The items of a list are documents.
            for document in root.value if isinstance(root, yaml.SequenceNode) else [root]:
                _check(document, (), _Counter(MOST_VALUES), values)
            yield root
    except RecursionError as error:
        raise yaml.YAMLError(TOO_DEEP) from error
    except yaml.MarkedYAMLError as error:
        deep = error.problem == _LIBYAMLS_TOO_DEEP
        problem = TOO_DEEP if deep else error.problem or error.context
        mark: Any = error.problem_mark or error.context_mark
        # libyaml takes the end of a text for the beginning of one more line.
        if mark is not None and mark.index >= len(text):
            mark = _mark(text, len(text))
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark) from error


def _json_as_yaml(text: str) -> str:
    """Returns JSON in the form that libyaml reads; other text stays as it is.

    JSON may be indented with tabs, writes characters beyond 16 bits as two escapes, and has
    characters as they are that YAML refuses or takes for line breaks.
    """
    if not text.lstrip().startswith(("{", "[")):
        return text
    text = _LOST_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    text = _INDENTING_TABS.sub(lambda match: " " * len(match[0]), text)
    return _ESCAPED_PAIR.sub(lambda match: match[1] + _wide_escape(match[2]), text)


def _wide_escape(pair: str) -> str:
    units = pair.encode().decode("unicode_escape")
    return f"\\U{ord(units.encode('utf-16', 'surrogatepass').decode('utf-16')):08x}"


class _Counter:
    """Counts values up to a limit."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._left = most

    def take(self) -> bool:
        """Counts one more; returns whether it is one too many."""
        self._left -= 1
        return self._left < 0


def _check_characters(text: str) -> None:
    """Refuses characters that YAML does not have, surrogates among them."""
    if (wrong := yaml.reader.Reader.NON_PRINTABLE.search(text)) is None:
        return
    problem = f"special characters are not allowed, such as U+{ord(wrong[0]):04X}"
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=_mark(text, wrong.start()))


def _mark(text: str, index: int) -> yaml.Mark:
    line, column = text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1
    return yaml.Mark("", index, line, column, "", 0)


def _check_depth(text: str) -> None:
    """Refuses values that are nested too deep before they are built, which takes recursion.

    What is not YAML ends the check; it is told when the documents before it are built.
    """
    depth = 0
    events = yaml.parse(text, _Loader)
    with suppress(yaml.YAMLError):
        for event in events:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST + 1:
                    break
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    if depth > DEEPEST + 1:
        mark: Any = event.start_mark
        raise yaml.MarkedYAMLError(problem=TOO_DEEP, problem_mark=mark)


def _is_empty(root: yaml.Node) -> bool:
    return isinstance(root, yaml.ScalarNode) and root.value == "" and not root.style


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


class Place(NamedTuple):
    """Says where in a text something begins; the first line and the first column are 1."""

    line: int
    column: int


def place(node: yaml.Node) -> Place:
    """Returns where a node begins."""
    return Place(int(node.start_mark.line) + 1, int(node.start_mark.column) + 1)


def is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _check(node: yaml.Node, above: tuple[yaml.Node, ...], own: _Counter, of_all: _Counter) -> None:
    if node in above:
        raise _error(node, "an alias must not be inside its own anchor")
    if len(above) > DEEPEST:
        raise _error(node, TOO_DEEP)
    for values in (own, of_all):
        if values.take():
            raise _error(node, f"must not have more than {values.most} values, aliases written out")
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
            _check(item, above, own, of_all)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item, above, own, of_all)


def _check_number(node: yaml.ScalarNode) -> None:
    if node.tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        return
    if len(node.value) > MOST_DIGITS:
        raise _error(node, f"a number must not have more than {MOST_DIGITS} characters")
    if not math.isfinite(float(node.value)):
        raise _error(node, f"{node.value} is too large a number")


def _error(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
