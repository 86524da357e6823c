"""Remembers the answers to requests with a client's key, so that a repeated request does nothing.

Each method defines where the key is: in the metadata `idempotency-key`, or in a `request_id`.
"""

import hashlib
from collections.abc import Sequence
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
    """A request and its key, or None without one; errors name the key by `field`."""

    field: str
    key: RequestKey | None

    @classmethod
    def of(
        cls, field: str, key: str | None, request: Message, *, scope: str, method: str = ""
    ) -> "Once":
        """Makes the key of a request; methods that share a `scope` are distinguished by `method`.

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
        """Returns the remembered answer, or None for a request that must run and be remembered.

        Raises:
            ApiError: the key was used for another request.
        """
        if self.key is None:
            return None
        try:
            return store.remembered_answer(tx, self.key, now=now)
        except RequestMismatch:
            raise errors.key_reused(self.field) from None

    def is_answered(self, tx: Transaction, now: datetime) -> bool:
        """Returns whether an answer to the request's key is remembered; it only reads."""
        return self.key is not None and store.is_remembered(tx, self.key, now=now)

    def remember(
        self, tx: Transaction, answer: bytes, now: datetime, kept: timedelta = KEPT
    ) -> None:
        """Remembers the answer for a while, if the request has a key."""
        if self.key is not None:
            store.remember_answer(tx, self.key, answer, expires_at=now + kept)


class OnceEach:
    """The answers to many requests of one scope, each with a key, in one transaction."""

    def __init__(
        self, tx: Transaction, requests: Sequence[Once], now: datetime, kept: timedelta
    ) -> None:
        """Reads which of the requests were answered before; new answers are kept for a while."""
        self._tx = tx
        self._kept = kept
        self._now = now
        keys = [once.key for once in requests if once.key is not None]
        self._scope = keys[0].scope if keys else ""
        self._known = store.remembered_answers(tx, self._scope, [key.key for key in keys], now=now)
        self._new: dict[str, store.Remembered] = {}

    def answer(self, once: Once) -> bytes | None:
        """Returns the remembered answer, or None for a request that must run.

        Raises:
            ApiError: the key was used for another request.
        """
        if once.key is None:
            return None
        first = self._known.get(once.key.key) or self._new.get(once.key.key)
        if first is None:
            return None
        if first.fingerprint != once.key.fingerprint:
            raise errors.key_reused(once.field)
        return first.answer

    def remember(self, once: Once, answer: bytes) -> None:
        if once.key is not None:
            self._new[once.key.key] = store.Remembered(
                once.key.fingerprint, answer, self._now + self._kept
            )

    def store(self) -> None:
        """Stores the answers that were to be remembered.

        Raises:
            Contended: another node is answering one of the requests.
        """
        store.remember_answers(self._tx, self._scope, self._new, now=self._now)
