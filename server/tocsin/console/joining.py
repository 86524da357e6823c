"""Joins the modules of the page into one script, so that a browser asks for one file, not for 60.

It reads the few forms of `import` and `export` that our modules have, and refuses any other: the
page's sources stay plain modules, and no program but this server is needed to serve them.
"""

import posixpath
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

FIRST: Final = "main.js"
"""The module that runs; all others run when they are first imported."""

_COMMENT = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.M | re.S)
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";$', re.M)
_LATER = re.compile(r'\bimport\("(\.[^"]+)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function|const|class) (\w+)", re.M)
_UNKNOWN = re.compile(r"^(?:import|export)\b.*|\bimport[.(].*", re.M)
_RENAMED = re.compile(r"\bas\b")
_ONCE = "const $once = (make) => {\n  let made;\n  return () => (made ??= make());\n};\n"


class NotJoined(Exception):
    """A module has a form that can't be joined; the message says which, and where."""


def joined(modules: Mapping[str, str]) -> str:
    """Returns one module that does what `FIRST` does; comments of documentation are left out.

    `modules` are sources by path.

    Raises:
        NotJoined: a module imports one that is not there, or that imports it in turn, or it imports
            or exports in a form that is not known.
    """
    parts: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    left = [FIRST]
    while left:
        path = left.pop()
        if path in parts:
            continue
        if path not in modules:
            raise NotJoined(f"{path} is imported and is not there")
        source = _COMMENT.sub("", modules[path])
        needs[path] = [_found(path, name) for _, name in _IMPORT.findall(source)]
        later = [_found(path, name) for name in _LATER.findall(source)]
        parts[path] = _as_function(path, source)
        left += [*needs[path], *later]
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise NotJoined(f"modules import each other: {error.args[1]}") from error
    return "".join([_ONCE, *(parts[path] for path in order), f"{_name(FIRST)}();\n"])


def _as_function(path: str, source: str) -> str:
    """Returns a function that runs a module once, and returns what the module exports."""
    exported = [name for _, name in _EXPORT.findall(source)]
    body = _EXPORT.sub(r"\1 \2", source)
    body = _IMPORT.sub(lambda found: _taken(path, *found.groups()), body)
    body = _LATER.sub(
        lambda found: f"Promise.resolve().then({_name(_found(path, found[1]))})", body
    )
    if unknown := _UNKNOWN.search(body):
        raise NotJoined(f"{path}: this form is not known: {unknown[0].strip()}")
    returned = f"return {{ {', '.join(exported)} }};\n" if exported else ""
    return f"const {_name(path)} = $once(() => {{\n{body}{returned}}});\n"


def _taken(path: str, names: str, module: str) -> str:
    return f"const {{{_RENAMED.sub(':', names)}}} = {_name(_found(path, module))}();"


def _found(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _name(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path)
