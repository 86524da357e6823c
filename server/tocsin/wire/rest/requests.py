"""Reads the requests of a method: messages of gRPC, and the query and JSON of REST."""

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message

from tocsin.contract.bodies import MARK, Passed, is_bytes, passed
from tocsin.contract.finding import path_pattern
from tocsin.contract.json.messages import JsonFaults, read_message
from tocsin.contract.partial import MaskError, partial
from tocsin.contract.queries import QueryRule, parse_query, query_rules, read_query
from tocsin.contract.routes import Envelope, envelope_of, path_fields
from tocsin.contract.validation import Violation
from tocsin.wire import errors
from tocsin.wire.calls import Arrival
from tocsin.wire.rest.system_parameters import FIELDS_HEADER, SYSTEM_PARAMETERS, fields_of, refused

BODY_ROOM: Final = 32 * 1024
"""Bytes that a request of REST may have beside its body: the fields of its path, its encoding."""

_LARGE_BYTES: Final = 64 * 1024
"""A larger body is read in a thread, so that other calls go on meanwhile."""
_LARGE_AT_ONCE: Final = 2


Cut: TypeAlias = Callable[[bytes], bytes]


class Bodies:
    """Says how bodies are read, for all methods of a server.

    Unknown names are refused on Google's paths, as Google does, and with `strict` everywhere.
    """

    __slots__ = ("large", "largest", "strict")

    def __init__(self, largest: int, *, strict: bool) -> None:
        """Takes the largest size of a message of gRPC, in bytes."""
        self.largest = largest
        self.strict = strict
        self.large = asyncio.Semaphore(_LARGE_AT_ONCE)


class Read(NamedTuple):
    """A request, and its bytes as they would have come over gRPC.

    `cut` cuts the answer down to the fields that were asked for; None if that is all of it.
    """

    request: Any
    wire: bytes
    cut: Cut | None = None


class Requests:
    """Reads the requests of one method."""

    __slots__ = (
        "_answer",
        "_bodies",
        "_class",
        "_is_google",
        "_strict",
        "_takes_bytes",
        "_with_body",
        "_without_body",
    )

    def __init__(self, method: MethodDescriptor, bodies: Bodies) -> None:
        self._class: Any = message_factory.GetMessageClass(method.input_type)
        self._bodies = bodies
        self._answer = method.output_type
        self._is_google = envelope_of(method.containing_service) is Envelope.GOOGLE
        self._strict = self._is_google or bodies.strict
        rules = list(query_rules(method))
        self._takes_bytes = any(is_bytes(method, rule.route.body) for rule in rules)
        self._with_body = _by_path(rule for rule in rules if rule.route.body)
        self._without_body = _by_path(rule for rule in rules if not rule.route.body)

    def is_message(self, received: bytes) -> bool:
        """Returns whether a request came over gRPC for sure, so that `of_message` reads it.

        Nearly all did; to look at their metadata, as `read` does, costs as much as parsing them.
        """
        return not self._takes_bytes and MARK not in received

    def of_message(self, received: bytes) -> Any:
        """Reads a request that came over gRPC.

        Raises:
            DecodeError: it is not a message of this method.
            ApiError: it is too large.
        """
        if len(received) > self._bodies.largest:
            raise errors.message_too_large(self._bodies.largest)
        return self._class.FromString(received)

    async def read(self, received: bytes, arrival: Arrival) -> Read:
        """Reads a request that may have come over REST.

        Raises:
            DecodeError: it is not a message of this method.
            ApiError: the path, the query or the body is not a request of this method, or it is too
                large.
        """
        url = arrival.url
        if url is None:
            return Read(self.of_message(received), received)
        came = passed(received)
        try:
            request = self._class.FromString(came.fields)
        except DecodeError:
            raise errors.unreadable([_PATH_NOT_UTF_8]) from None
        path, _, query = url.partition("?")
        # Google's clients may name the fields of the answer in a header instead.
        mask = arrival.metadata_value(FIELDS_HEADER) if self._is_google else None
        if not (came.body or query or mask):
            return Read(request, came.fields)
        rule = _rule_of(self._with_body if came.takes_body else self._without_body, path)
        if came.body is None or len(came.body) <= _LARGE_BYTES:
            cut = self._complete(request, came, (query, mask), rule)
        else:
            async with self._bodies.large:
                cut = await asyncio.to_thread(self._complete, request, came, (query, mask), rule)
        return Read(request, request.SerializeToString(), cut)

    def _complete(
        self, request: Message, came: Passed, asked: tuple[str, str | None], rule: QueryRule
    ) -> Cut | None:
        """Adds what the query and the body say to the fields of the path.

        `asked` are the query, and a mask of the answer in a header.
        """
        query, mask = asked
        faults: list[Violation] = []
        cut: Cut | None = None
        try:
            pairs = [] if rule.of_page else parse_query(query)
        except ValueError:
            raise errors.unreadable([_NOT_UTF_8]) from None
        if self._is_google:
            system = [pair for pair in pairs if pair[0] in SYSTEM_PARAMETERS]
            pairs = [pair for pair in pairs if pair[0] not in SYSTEM_PARAMETERS]
            faults += refused(system)
            if fields := fields_of(system, mask):
                cut, faults_of_mask = self._cutting(fields)
                faults += faults_of_mask
        faults += read_query(pairs, request, rule)
        if came.body and not came.takes_body:
            faults.append(_NO_BODY)
        elif came.body:
            faults += self._of_body(came.body, request, rule)
        if faults:
            raise errors.unreadable(faults)
        return cut

    def _cutting(self, fields: str) -> tuple[Cut | None, list[Violation]]:
        try:
            return partial(self._answer, fields), []
        except MaskError as error:
            return None, [Violation("fields", str(error))]

    def _of_body(self, body: bytes, request: Message, rule: QueryRule) -> list[Violation]:
        field = rule.route.body.strip("*")
        said = self._class() if not field else getattr(request, field)
        try:
            read_message(body, said, strict=self._strict, at=field)
        except JsonFaults as error:
            return error.faults
        if field:
            return []
        differing = [
            Violation(path, _DIFFERS.format(path))
            for path in path_fields(rule.route)
            if _value_at(said, path) not in ("", _value_at(request, path))
        ]
        # The request has nothing but the fields of the path, which the body may say again.
        bound = self._class.FromString(request.SerializeToString())
        request.CopyFrom(said)
        request.MergeFrom(bound)
        return differing


_DIFFERS = "Invalid value at '{}': the path of the URL says another."
_NOT_UTF_8 = Violation("", "The query of the URL must be UTF-8, percent-encoded.")
_PATH_NOT_UTF_8 = Violation("", "The path of the URL must be UTF-8, percent-encoded.")
_NO_BODY = Violation("", "Invalid JSON payload received. This method takes no body with this verb.")


Rules: TypeAlias = list[tuple[re.Pattern[str], QueryRule]]


def _by_path(rules: Iterable[QueryRule]) -> Rules:
    return [(re.compile(path_pattern(rule.route.template)), rule) for rule in rules]


def _rule_of(rules: Rules, path: str) -> QueryRule:
    """Returns the rule of a path that Envoy has matched with one of them."""
    plain = path.rstrip("/")
    return next((rule for pattern, rule in rules if pattern.fullmatch(plain)), rules[0][1])


def _value_at(message: Any, path: str) -> Any:
    for name in path.split("."):
        message = getattr(message, name)
    return message
