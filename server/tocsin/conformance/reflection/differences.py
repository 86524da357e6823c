"""Says how a server's descriptors differ from a contract's, in the words of a `.proto` file."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.api import annotations_pb2
from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    MethodDescriptorProto,
)

from tocsin_protos.yandex.cloud.api import operation_pb2 as operation_option_pb2

_TYPES = FieldDescriptorProto.Type
_MESSAGE = FieldDescriptorProto.TYPE_MESSAGE


def of_fields(shown: DescriptorProto, meant: DescriptorProto) -> list[str]:
    """Lists fields that are missing or other than the contract's, and reserved ones in use.

    Fields that the contract does not have are no difference, as a newer contract may have more.
    """
    return [*_missing_fields(shown, meant), *_reserved_in_use(shown, meant)]


def extra_fields(shown: DescriptorProto, meant: DescriptorProto) -> list[str]:
    """Lists the fields that only the server has."""
    known = {field.number for field in meant.field}
    return [f"{field.name} = {field.number}" for field in shown.field if field.number not in known]


def of_field_options(shown: DescriptorProto, meant: DescriptorProto) -> list[str]:
    """Lists options of fields and oneofs that are missing, other, or not in the contract."""
    found: list[str] = []
    fields = {field.number: field for field in shown.field}
    for field in meant.field:
        other = fields.get(field.number)
        if other is not None:
            found += _options_differ(field.name, other.options, field.options)
    oneofs = {oneof.name: oneof for oneof in shown.oneof_decl}
    for oneof in meant.oneof_decl:
        if oneof.name in oneofs:
            where = f"oneof {oneof.name}"
            found += _options_differ(where, oneofs[oneof.name].options, oneof.options)
    return found


def of_values(shown: EnumDescriptorProto, meant: EnumDescriptorProto) -> list[str]:
    """Lists values of an enum that are missing or have another number."""
    numbers = {value.name: value.number for value in shown.value}
    names = {value.number: value.name for value in shown.value}
    found = []
    for value in meant.value:
        number = numbers.get(value.name)
        if number is None:
            other = names.get(value.number)
            instead = f"; {value.number} is {other}" if other else ""
            found.append(f"{value.name} = {value.number} is missing{instead}")
        elif number != value.number:
            found.append(f"{value.name} is {number}, but must be {value.number}")
    return found


def of_types(shown: MethodDescriptorProto, meant: MethodDescriptorProto) -> list[str]:
    """Returns how a method's signature differs."""
    one, other = signature(shown), signature(meant)
    return [] if one == other else [f"it is {one}, but must be {other}"]


def signature(method: MethodDescriptorProto) -> str:
    """Writes a method as a `.proto` file does."""
    request, response = (name.removeprefix(".") for name in (method.input_type, method.output_type))
    sent = "stream " if method.client_streaming else ""
    got = "stream " if method.server_streaming else ""
    return f"rpc {method.name}({sent}{request}) returns ({got}{response})"


def of_http(shown: MethodDescriptorProto, meant: MethodDescriptorProto) -> list[str]:
    """Returns how a method's `google.api.http` differs."""
    one, other = (_http(method) for method in (shown, meant))
    return [] if one == other else [f"google.api.http is {one}, but must be {other}"]


def of_operation(shown: MethodDescriptorProto, meant: MethodDescriptorProto) -> list[str]:
    """Lists how a method's `yandex.cloud.api.operation` differs."""
    one, other = (_operation(method) for method in (shown, meant))
    return [
        f"its {role} is {one[role] or 'not there'}, but must be {other[role]}"
        for role in other
        if one[role] != other[role]
    ]


def of_extension(shown: FieldDescriptorProto, meant: FieldDescriptorProto) -> list[str]:
    """Returns how an option's own declaration differs."""
    one, other = (_extension(field) for field in (shown, meant))
    return [] if one == other else [f"it is {one}, but must be {other}"]


def field_text(field: FieldDescriptorProto, maps: Mapping[str, DescriptorProto]) -> str:
    """Writes a field as a `.proto` file does; `maps` are the entries of the message's maps."""
    entry = maps.get(field.type_name.rpartition(".")[2]) if field.type == _MESSAGE else None
    if entry is not None and entry.options.map_entry:
        key, value = (_type(inner) for inner in sorted(entry.field, key=lambda each: each.number))
        return f"map<{key}, {value}> {field.name} = {field.number}"
    label = "repeated " if field.label == FieldDescriptorProto.LABEL_REPEATED else ""
    if field.proto3_optional:
        label = "optional "
    return f"{label}{_type(field)} {field.name} = {field.number}"


def _missing_fields(shown: DescriptorProto, meant: DescriptorProto) -> Iterator[str]:
    numbers = {field.number: field for field in shown.field}
    maps = {entry.name: entry for entry in meant.nested_type}
    shown_maps = {entry.name: entry for entry in shown.nested_type}
    for field in meant.field:
        text = field_text(field, maps)
        other = numbers.get(field.number)
        if other is None:
            named = next((each for each in shown.field if each.name == field.name), None)
            instead = f"; it is {field_text(named, shown_maps)}" if named is not None else ""
            yield f"`{text}` is missing{instead}"
            continue
        shown_text = field_text(other, shown_maps)
        if shown_text != text:
            yield f"`{shown_text}` must be `{text}`"
        one, meant_oneof = _oneof(other, shown), _oneof(field, meant)
        if one != meant_oneof:
            yield f"`{text}` is in {one or 'no oneof'}, but must be in {meant_oneof or 'none'}"
        if _json(other) != _json(field):
            yield f"`{text}` is {_json(other)!r} in JSON, but must be {_json(field)!r}"


def _reserved_in_use(shown: DescriptorProto, meant: DescriptorProto) -> Iterator[str]:
    known = {field.number for field in meant.field}
    for field in shown.field:
        if field.number in known:
            continue
        if any(each.start <= field.number < each.end for each in meant.reserved_range):
            yield f"{field.name} = {field.number} uses a reserved number"
        if field.name in meant.reserved_name:
            yield f"{field.name} = {field.number} uses a reserved name"


def _oneof(field: FieldDescriptorProto, message: DescriptorProto) -> str:
    if not field.HasField("oneof_index") or field.proto3_optional:
        return ""
    return f"oneof {message.oneof_decl[field.oneof_index].name}"


def _json(field: FieldDescriptorProto) -> str:
    if field.json_name:
        return field.json_name
    first, *rest = field.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _type(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return field.type_name.removeprefix(".")
    return _TYPES.Name(field.type).removeprefix("TYPE_").lower()


def _options_differ(where: str, shown: Any, meant: Any) -> Iterator[str]:
    """Compares extensions alone: what protobuf itself offers (deprecated, packed) is no rule."""
    one, other = (
        {option.full_name: value for option, value in options.ListFields() if option.is_extension}
        for options in (shown, meant)
    )
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield (
                f"{where}: ({name}) is {_value(one.get(name))}, but must be "
                f"{_value(other.get(name))}"
            )


def _value(value: Any) -> str:
    if value is None:
        return "not there"
    if hasattr(value, "DESCRIPTOR"):
        return f"{{{text_format.MessageToString(value, as_one_line=True)}}}"
    return f"{list(value)}" if not isinstance(value, str | int | bool) else repr(value)


def _http(method: MethodDescriptorProto) -> str:
    rule: Any = method.options.Extensions[annotations_pb2.http]
    rules = [rule, *rule.additional_bindings] if rule.WhichOneof("pattern") else []
    return "; ".join(map(_binding, rules)) or "not there"


def _binding(rule: Any) -> str:
    verb = rule.WhichOneof("pattern")
    if verb is None:
        return "no path"
    path = getattr(rule, verb)
    if verb == "custom":
        verb, path = path.kind, path.path
    body = f" with body {rule.body!r}" if rule.body else ""
    return f"{verb.upper()} {path}{body}"


def _operation(method: MethodDescriptorProto) -> dict[str, str]:
    option: Any = method.options.Extensions[operation_option_pb2.operation]  # type: ignore[index]
    return {"metadata": option.metadata, "response": option.response}


def _extension(field: FieldDescriptorProto) -> str:
    return f"`extend {field.extendee.removeprefix('.')} {{ {field_text(field, {})}; }}`"
