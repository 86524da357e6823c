"""Lists the validation rules of a request: one for each option of each field, at any depth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor

from tocsin_protos.yandex.cloud import validation_pb2

Path = tuple[FieldDescriptor, ...]

_OPTIONS = validation_pb2.DESCRIPTOR.name


@dataclass(frozen=True, slots=True)
class Rule:
    """One option of the contract's validation, on one field or oneof of a request.

    `path` leads from the request to the field; to the message of the oneof for `exactly_one`.
    """

    path: Path
    option: str
    """The option's name; for the keys of a map `map_key.length` and so on."""
    text: str
    """What the option says, such as `<=50`."""
    oneof: OneofDescriptor | None = None

    @property
    def field(self) -> FieldDescriptor:
        """The field that has the option."""
        return self.path[-1]

    @property
    def dotted(self) -> str:
        """The path as errors and masks write it: `rule.timer.cron_expression`."""
        names = [field.name for field in self.path]
        return ".".join([*names, self.oneof.name] if self.oneof else names)

    @property
    def id(self) -> str:
        """The end of a clause's id."""
        return f"{self.dotted}.{self.option}"

    @property
    def declared(self) -> str:
        """Where the option stands: the full name of the field or oneof."""
        name: str = (self.oneof or self.field).full_name
        return name

    @property
    def source(self) -> str:
        """The option, as a source to quote."""
        if self.option in ("required", "exactly_one"):
            return f"proto {self.declared} [(yandex.cloud.{self.option}) = true]"
        return f'proto {self.declared} [(yandex.cloud.{self.option}) = "{self.text}"]'


def rules_of(request: Any) -> Iterator[Rule]:
    """Yields the rules of a request's descriptor and of all messages within it, in their order."""
    yield from _rules_of(request, ())


def _rules_of(message: Descriptor, above: Path) -> Iterator[Rule]:
    for field in message.fields:
        path = (*above, field)
        for option, text in _options(field):
            yield Rule(path, option, text)
        inner = field.message_type
        if inner is not None and not is_map(field) and inner.file.package.startswith("yandex."):
            yield from _rules_of(inner, path)
    for oneof in message.oneofs:
        options: Any = oneof.GetOptions()
        if options.Extensions[validation_pb2.exactly_one]:
            yield Rule(above, "exactly_one", "true", oneof)


def _options(field: FieldDescriptor) -> Iterator[tuple[str, str]]:
    declared: Any = field.GetOptions()
    for option, value in declared.ListFields():
        if not option.is_extension or option.file.name != _OPTIONS:
            continue
        if option.message_type is None:
            yield option.name, str(value)
            continue
        for inner, text in value.ListFields():
            yield f"{option.name}.{inner.name}", str(text)


def is_map(field: FieldDescriptor) -> bool:
    """Returns whether a field is a map."""
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)


def option(field: FieldDescriptor, name: str) -> str | None:
    """Returns what an option of a field says, None if the field does not have it."""
    return dict(_options(field)).get(name)
