"""Which MUSTs have no wrong server of their own, and why."""

WITHOUT: dict[str, str] = {}
