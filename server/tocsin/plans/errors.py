"""Defines the one error of plans."""


class PlanError(ValueError):
    """A request is well formed but can't be carried out; `field` is the path of what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
