"""What the contract says, read from its descriptors: validation rules, operation types, routes."""


class ContractError(Exception):
    """The contract says something that cannot be read; the text names the field or method."""
