"""Reads the YAML files of a run: names, each with the reason why it stands there."""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from tocsin.conformance.options import OptionError


class FileError(OptionError):
    """A file of the run is wrong; the text names the file and the line."""


def read_reasons(
    file: Path, top: str, *, what: str, known: Collection[str] | None = None
) -> dict[str, str]:
    """Reads a file with one mapping of names to reasons below one key.

    Args:
        file: the YAML file.
        top: its only key.
        what: what the names are, for errors.
        known: the names that exist; None if any may stand there.

    Raises:
        FileError: the file can't be read, has another form, has a name twice or an unknown one,
            or a name without a reason.
    """
    try:
        root = yaml.compose(file.read_text(), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{file}: can't be read: {error}") from error
    except yaml.YAMLError as error:
        raise FileError(f"{file}: is not YAML: {error}") from error
    form = f"must be a mapping with the one key `{top}`, and below it `{what}: reason` lines"
    if not isinstance(root, yaml.MappingNode) or [key.value for key, _ in root.value] != [top]:
        raise FileError(f"{file}: {form}")
    [(_, below)] = root.value
    if isinstance(below, yaml.ScalarNode) and below.value in ("", "null", "~"):
        return {}
    if not isinstance(below, yaml.MappingNode):
        raise FileError(f"{_at(file, below)}{form}")
    reasons: dict[str, str] = {}
    for key, value in below.value:
        name = key.value
        if name in reasons:
            raise FileError(f"{_at(file, key)}{name} is there twice")
        if known is not None and name not in known:
            raise FileError(f"{_at(file, key)}no {what} is named {name!r}{_close(name, known)}")
        if not isinstance(value, yaml.ScalarNode) or not _says_why(value):
            raise FileError(f"{_at(file, key)}{name} needs a reason, a text")
        reasons[name] = value.value.strip()
    return reasons


def _says_why(value: yaml.ScalarNode) -> bool:
    return value.tag == "tag:yaml.org,2002:str" and bool(value.value.strip())


def _at(file: Path, node: Any) -> str:
    return f"{file}:{node.start_mark.line + 1}: "


def _close(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; do you mean {close[0]}?" if close else f"; they are {', '.join(sorted(known))}"
