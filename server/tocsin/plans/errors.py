"""The one error of plans."""


class PlanError(ValueError):
    """A request that is well formed and yet can't be carried out; `field` is the path to blame."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
