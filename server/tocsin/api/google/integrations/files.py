"""Writes versions as JSON or YAML text, and reads them again."""

import json
from typing import Any

import yaml
from google.protobuf import json_format

from tocsin.wire import errors
from tocsin.wire.json_text import parse_json
from tocsin_protos.google.cloud.integrations.v1alpha import integration_versions_pb2 as contract
from tocsin_protos.google.cloud.integrations.v1alpha.integration_version_pb2 import (
    IntegrationVersion,
)

DEEPEST = 100


def to_text(version: IntegrationVersion, form: contract.FileFormat) -> str:
    """Returns a version as text.

    Raises:
        ApiError: the form is not known.
    """
    _refuse_textproto(form)
    fields = json_format.MessageToDict(version)
    if form == contract.YAML:
        return yaml.safe_dump(fields, sort_keys=False, allow_unicode=True)
    return json_format.MessageToJson(version)


def config_values_of(version: IntegrationVersion) -> str:
    """Returns the values of a version's config parameters as JSON text, by their keys."""
    return json.dumps(config_of(version), ensure_ascii=False)


def config_of(version: IntegrationVersion) -> dict[str, Any]:
    """Returns the values of a version's config parameters as JSON, by their keys."""
    return {
        each.parameter.key: json_format.MessageToDict(
            each.value if each.HasField("value") else each.parameter.default_value
        )
        for each in version.integration_config_parameters
    }


def of_text(content: str, form: contract.FileFormat) -> IntegrationVersion:
    """Reads a version.

    Raises:
        ApiError: the text is not one in this form; the error says where and why.
    """
    _refuse_textproto(form)
    try:
        fields = _yaml(content) if form == contract.YAML else parse_json(content)
        if not isinstance(fields, dict):
            raise ValueError("it must be an object")
        return json_format.ParseDict(fields, IntegrationVersion(), max_recursion_depth=DEEPEST)
    except (ValueError, json_format.ParseError, yaml.YAMLError, RecursionError) as error:
        raise errors.invalid_field("content", f"is not a version: {error}"[:500]) from None


def _yaml(content: str) -> Any:
    """Reads YAML without aliases, by which a short text could become a huge object."""
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("YAML aliases are not taken")
    return yaml.load(content, Loader=_Plain)  # noqa: S506 (a loader of plain values)


class _Plain(yaml.CSafeLoader):
    """Reads instants as texts, as JSON has them."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _refuse_textproto(form: contract.FileFormat) -> None:
    if form == contract.WORKFLOW_TEXTPROTO:
        raise errors.invalid_field(
            "file_format", "must be JSON or YAML: Google does not publish the text form of protobuf"
        )
