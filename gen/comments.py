"""Reads the comments of protos out of compiled files: stubs have none.

What is read is one text for each service, method, message, field, oneof, enum and value of an enum,
by its full name. Lines of a paragraph are joined, and an empty line stays between paragraphs.
Indented lines are left alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

# The fields of descriptors that hold others, and which of theirs hold more (descriptor.proto).
_INNER = {
    "file": {4: "message_type", 5: "enum_type", 6: "service"},
    "message_type": {2: "field", 3: "message_type", 4: "enum_type", 8: "oneof_decl"},
    "enum_type": {2: "value"},
    "service": {2: "method"},
}
_NAMES = {("message_type", "message_type"): "nested_type"}


def comments(compiled: FileDescriptorSet, names: Sequence[str]) -> dict[str, str]:
    """Returns the comments of the files of these names, in the order of full names."""
    found = {
        name: text for file in compiled.file if file.name in names for name, text in _of_file(file)
    }
    return dict(sorted(found.items()))


def _of_file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        if location.leading_comments:
            name = _full_name(file, location.path)
            if name is not None:
                yield name, _joined(location.leading_comments)


def _full_name(file: FileDescriptorProto, path: Sequence[int]) -> str | None:
    """Returns the full name of what a path of source_code_info leads to; None for an option."""
    within: Any = file
    kind, name = "file", file.package
    for number, index in zip(path[::2], path[1::2], strict=False):
        inner = _INNER.get(kind, {}).get(number)
        if inner is None:
            return None
        within = getattr(within, _NAMES.get((kind, inner), inner))[index]
        kind, name = inner, f"{name}.{within.name}"
    return None if len(path) % 2 or not path else name


def _joined(text: str) -> str:
    return "\n\n".join(_paragraph(each) for each in text.strip("\n").split("\n\n"))


def _paragraph(text: str) -> str:
    """Joins the lines of a paragraph; what is indented stays as it is, as Markdown has it."""
    lines = [line.removeprefix(" ").rstrip() for line in text.strip("\n").split("\n")]
    if all(line.startswith("  ") for line in lines):
        return "\n".join(f"  {line}" for line in lines)
    return " ".join(line.strip() for line in lines)
