"""Writes documents as text."""

import json
from typing import Any

import yaml

from tocsin.contract.openapi import Json

_WIDTH = 110
# The one of libyaml writes the same, much faster.
_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):  # type: ignore[misc]
    """Writes what occurs twice twice: readers of OpenAPI don't expect YAML's aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def as_yaml(document: Json) -> str:
    """Writes a document as YAML, in the order of its keys."""
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return text


def as_json(document: Json) -> str:
    """Writes a document as JSON on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
