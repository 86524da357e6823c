"""Writes JSON values as YAML that `plain_yaml` reads back, and that can be printed."""

from typing import Any

import yaml

from tocsin.documents import plain_yaml
from tocsin.printable import printable

_STRING = "tag:yaml.org,2002:str"
# A line of YAML is never broken, so that a change of a value is a change of its line.
_WIDTH = 1 << 20


class _Dumper(yaml.SafeDumper):
    """Writes text that can't be printed in double quotes, where YAML reads its escapes."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if printable(text, newlines=True) != text:
        style = '"'
    elif "\n" in text:
        style = "|"
    elif not plain_yaml.is_string(text):
        # YAML 1.1, by whose rules PyYAML quotes, takes 1e5 for a string.
        style = "'"
    return dumper.represent_scalar(_STRING, text, style=style)


_Dumper.add_representer(str, _represent)


def as_yaml(value: Any) -> str:
    """Returns JSON values in the YAML form that `-f` reads, and that can be printed.

    The text ends with a line break, which may belong to its last value.
    """
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return printable(text, newlines=True)
