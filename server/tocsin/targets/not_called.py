"""Says that this node could not make a call, which tells nothing about the target."""


class NotCalled(Exception):
    """This node could not make the call; the message says why.

    `node_is_short` is true if the node lacks something that every call needs.
    """

    def __init__(self, reason: str, *, node_is_short: bool) -> None:
        super().__init__(reason)
        self.node_is_short = node_is_short
