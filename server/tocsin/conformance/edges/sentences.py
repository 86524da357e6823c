"""Says in one sentence what a rule asks of a method."""

from tocsin.conformance.edges.rules import Rule, is_map
from tocsin.contract.ranges import duration_nanos, parse_range, whole_number


def sentence(method: str, rule: Rule) -> str:
    """Returns a clause's sentence: what the method takes, and what it refuses."""
    if rule.option == "required":
        return f"{method} MUST refuse a request without {rule.dotted}, with INVALID_ARGUMENT."
    if rule.oneof is not None:
        choices = ", ".join(field.name for field in rule.oneof.fields)
        return (
            f"{method} MUST refuse a request in which {rule.dotted} is none of {choices}, "
            "with INVALID_ARGUMENT."
        )
    return f"{method} MUST take {_what(rule)}, and refuse others with INVALID_ARGUMENT."


def _what(rule: Rule) -> str:
    option = rule.option.removeprefix("map_key.")
    name = f"keys of {rule.dotted}" if option != rule.option else rule.dotted
    if option == rule.option and is_map(rule.field) and option != "size":
        name = f"values of {rule.dotted}"
    elif rule.field.is_repeated and not is_map(rule.field) and option != "size":
        name = f"items of {rule.dotted}"
    if option == "pattern":
        return f"{name} that match /{rule.text}/ as a whole"
    number = duration_nanos if option == "value" and rule.field.message_type else whole_number
    asked = parse_range(rule.text, number, rule.declared, rule.option).text
    return {
        "length": f"{name} with {asked.removeprefix('from ')} characters",
        "size": f"{name} with {asked} items",
        "value": f"{name} {asked}",
    }[option]
