"""Remembers answers to requests that carry a key of the client's, so that a repeat runs nothing.

Each method says where the key stands: in the metadata `idempotency-key`, or in a `request_id`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.message import Message

from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers import idempotency as store
from tocsin.store.triggers.idempotency import RequestKey, RequestMismatch
from tocsin.wire import errors

IDEMPOTENCY_KEY = "idempotency-key"
KEPT = timedelta(hours=24)
LONGEST_KEY = 128


@dataclass(frozen=True, slots=True)
class Once:
    """One request and its key; `key` None: the client gave none. `field` names it in errors."""

    field: str
    key: RequestKey | None

    @classmethod
    def of(
        cls, field: str, key: str | None, request: Message, *, scope: str, method: str = ""
    ) -> "Once":
        """Takes the key of a request; a `scope` of several methods tells them apart by `method`.

        Raises:
            ApiError: the key is too long.
        """
        if not key:
            return cls(field, None)
        if len(key) > LONGEST_KEY:
            raise errors.invalid_field(field, f"Length must be at most {LONGEST_KEY} characters")
        asked = request.SerializeToString(deterministic=True)
        if method:
            asked = method.encode() + b"\0" + asked
        return cls(field, RequestKey(scope, key, hashlib.sha256(asked).digest()))

    def answer(self, tx: Transaction, now: datetime) -> bytes | None:
        """Returns what was remembered; None: the request is to be run, and then remembered.

        Raises:
            ApiError: the key was used for another request.
        """
        if self.key is None:
            return None
        try:
            return store.remembered_answer(tx, self.key, now=now)
        except RequestMismatch:
            raise errors.key_reused(self.field) from None

    def remember(self, tx: Transaction, answer: bytes, now: datetime) -> None:
        if self.key is not None:
            store.remember_answer(tx, self.key, answer, expires_at=now + KEPT)
