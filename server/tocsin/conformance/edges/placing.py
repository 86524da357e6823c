"""Puts values into requests, at the path of a rule."""

from typing import Any

from tocsin.conformance.edges.rules import Path, Rule, is_map
from tocsin.conformance.edges.samples import Way, fill, least


def way_of(path: Path) -> Way:
    """Returns the kind and the action that a path leads through, or ones that do for it."""
    names = [field.name for field in path]
    kind = names[1] if len(names) > 1 and names[0] == "rule" else "timer"
    action = "invoke_function"
    for field in path[2:3]:
        if field.containing_oneof is not None:
            action = field.name
    return Way(kind, action)


def ready(request: Any, rule: Rule) -> None:
    """Completes a request, so that it is valid and has all messages on the way to the rule."""
    if "rule" in request.DESCRIPTOR.fields_by_name and not request.HasField("rule"):
        request.rule.CopyFrom(least(way_of(rule.path)))
    message = request
    for field in rule.path if rule.oneof else rule.path[:-1]:
        there = message.HasField(field.name)
        message = getattr(message, field.name)
        if not there:
            fill(message)


def place(request: Any, path: Path, value: Any) -> None:
    """Writes a value to the field at the end of a path, in place of what it has."""
    message, field = _parent(request, path), path[-1]
    message.ClearField(field.name)
    if is_map(field):
        getattr(message, field.name).update(value)
    elif field.is_repeated:
        getattr(message, field.name).extend(value)
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def read(message: Any, path: Path) -> Any:
    """Returns the value at the end of a path, in the form in which `place` takes it."""
    value = getattr(_parent(message, path), path[-1].name)
    if is_map(path[-1]):
        return dict(value)
    return list(value) if path[-1].is_repeated else value


def leave_out(request: Any, rule: Rule) -> None:
    """Takes a required field, or the choice of a oneof, out of a request."""
    if rule.oneof is None:
        _parent(request, rule.path).ClearField(rule.field.name)
        return
    message = request
    for field in rule.path:
        message = getattr(message, field.name)
    message.ClearField(rule.oneof.name)
    if rule.path:
        # The message itself stays, so that nothing else is missing.
        message.SetInParent()


def _parent(request: Any, path: Path) -> Any:
    for field in path[:-1]:
        request = getattr(request, field.name)
    return request
