"""Reads validation rules, operation types and REST routes from the protos' descriptors."""


class ContractError(Exception):
    """A proto option cannot be read or makes no sense; the text names the field or method."""
