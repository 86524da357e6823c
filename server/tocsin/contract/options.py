"""Reads the options of a field or a oneof that say what a valid request is.

They are the `yandex.cloud` options (protos/yandex/cloud/validation.proto) and
`google.api.field_behavior`. Checks of requests and the OpenAPI documents both go by them.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor, OneofDescriptor

from tocsin.contract import ContractError
from tocsin_protos.yandex.cloud import validation_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Holds a field's options; those that are not given are None or False."""

    required: bool = False
    output_only: bool = False
    unique: bool = False
    size: str | None = None
    map_key: validation_pb2.MapKeySpec | None = None
    pattern: str | None = None
    value: str | None = None
    length: str | None = None
    bytes: str | None = None

    @classmethod
    def by(cls, field: FieldDescriptor) -> "Options":
        """Reads the options of a field.

        Raises:
            ContractError: the field has an option of the contract that is unknown here.
        """
        known = {option.name for option in fields(cls)}
        declared: Any = field.GetOptions()
        options = _declared(declared, known, field.full_name)
        behavior = declared.Extensions[field_behavior_pb2.field_behavior]
        if field_behavior_pb2.REQUIRED in behavior:
            options["required"] = True
        return cls(output_only=field_behavior_pb2.OUTPUT_ONLY in behavior, **options)

    def of_key(self) -> "Options":
        """Returns the options of the keys of a map."""
        if self.map_key is None:
            return Options()
        return Options(**{option.name: text for option, text in self.map_key.ListFields()})

    def only_for_one_value(self, where: str) -> None:
        """Raises ContractError for an option that only a list or a map can obey."""
        for option in ("size", "unique", "map_key"):
            if getattr(self, option) not in (None, False):
                raise no_meaning(where, option)


def exactly_one_of(oneof: OneofDescriptor) -> bool:
    """Returns whether one member of a oneof must be set.

    Raises:
        ContractError: the oneof has an option of the contract that is unknown here.
    """
    where = f"{oneof.containing_type.full_name}.{oneof.name}"
    options = _declared(oneof.GetOptions(), {"exactly_one"}, where)
    return bool(options.get("exactly_one"))


def no_meaning(where: str, option: str) -> ContractError:
    """Returns the error for an option that can't hold for a field of its type."""
    return ContractError(f"{where}: option {option} makes no sense on a field of this type")


def _declared(declared: Any, known: Collection[str], where: str) -> dict[str, Any]:
    """Returns the validation options that a field or oneof declares, by name."""
    options: dict[str, Any] = {}
    for option, asked in declared.ListFields():
        if option.is_extension and option.file.name == validation_pb2.DESCRIPTOR.name:
            if option.name not in known:
                raise ContractError(f"{where}: option {option.name} is unknown")
            options[option.name] = asked
    return options
