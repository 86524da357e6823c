"""What reads bytes of strangers, each as a function that a fuzzer can call.

A target may raise what its parser says that it raises; anything else is a fault. What a parser
takes must make sense: a target asserts what can be asserted for any input.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2

from tocsin.access.principal import CredentialRefused
from tocsin.access.tokens.assertions import ALGORITHM, Assertions, AuthorisedKey
from tocsin.access.tokens.iam_tokens import PREFIX, IamTokens
from tocsin.access.tokens.issuers import FetchFailed, read_keys
from tocsin.access.tokens.jwts import unverified
from tocsin.access.tokens.rsa_keys import new_private_key, public_pem
from tocsin.access.tokens.signing import SigningKey, SigningKeys
from tocsin.api.google.filters import operation_filter
from tocsin.api.otlp.json_form import OtlpJsonError, parse_logs
from tocsin.api.otlp.records import Destination, read_records
from tocsin.api.tocsin.events.cloud_events import contents_of, read_all
from tocsin.api.yandex.triggers.filters import name_filter
from tocsin.api.yandex.triggers.masks import update_paths
from tocsin.api.yandex.triggers.message import violations_of_document
from tocsin.contract.json.messages import JsonFaults, read_message
from tocsin.contract.partial import MaskError, partial
from tocsin.contract.queries import QueryRule, parse_query, query_rules, read_query
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import validator
from tocsin.documents import plain_yaml
from tocsin.documents.reading import Document, DocumentError
from tocsin.documents.triggers import read_triggers, yaml_of
from tocsin.plans.trace_context import parse_traceparent
from tocsin.schedule import ManualClock
from tocsin.schedule.cron import Cron, CronError
from tocsin.sources.mail.parsing import parse_mail
from tocsin.sources.mail.parts import MailRefused
from tocsin.sources.mqtt.topics import disjoint, matches, overlap, problem_of_filter
from tocsin.sources.notifications.reading import NotificationError
from tocsin.sources.notifications.registry import registry_notification
from tocsin.sources.notifications.s3 import object_notification
from tocsin.wire.errors import ApiError
from tocsin.wire.paging import ListTokens
from tocsin.wire.resource_names import (
    integration_name,
    is_location,
    operation_name,
    parse_integration,
    parse_operation,
)
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2
from tocsin_protos.google.cloud.integrations.v1alpha.log_entries_pb2 import ExecutionInfo
from tocsin_protos.tocsin.v1 import firing_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

CORPUS = Path(__file__).parents[1] / "corpus"
NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9


@dataclass(frozen=True)
class Target:
    """A parser under test.

    Attributes:
        run: reads an input; raises nothing but what is in `refusals`.
        refusals: the errors that the parser says that it raises.
        words: what its inputs are made of, for mutations and for growth.
        largest: bytes of the largest input that reaches it, if something before it sets a limit.
    """

    run: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = ()
    largest: int = 1 << 16

    def __call__(self, data: bytes) -> bool:
        """Runs an input; returns whether it was taken. Raises what is a fault."""
        try:
            self.run(data)
        except self.refusals as refusal:
            return not is_clear(refusal)
        return True


def is_clear(refusal: Exception) -> bool:
    """Whether a refusal says what is wrong, and blames the client."""
    if isinstance(refusal, ApiError):
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT, refusal
        assert refusal.message
    return True


def text(data: bytes) -> str:
    """The text of an input, as protobuf gives it: always Unicode."""
    return data.decode("utf-8", "replace")


def cron(data: bytes) -> None:
    expression = Cron(text(data))
    following = expression.next(NOW)
    before = expression.previous(NOW)
    assert following is None or following > NOW
    assert before is None or before <= NOW
    if following is not None:
        assert expression.previous(following) == following
        assert expression.count(NOW, following) == 1


def filter_of_triggers(data: bytes) -> None:
    name_filter(text(data), lambda name: len(name) < 64)


def filter_of_operations(data: bytes) -> None:
    wanted = operation_filter(text(data))
    wanted.holds("projects/p/locations/l/operations/o", ExecutionInfo(integration="nightly"))


@cache
def page_tokens() -> ListTokens:
    return ListTokens(AESSIV(b"k" * 64), b"list")


def page_token(data: bytes) -> None:
    token = text(data)
    position = page_tokens().position(token)
    # Nobody guesses a token: one that is read was made here.
    assert position is None or page_tokens().token(position) == token


def resource_name(data: bytes) -> None:
    name = text(data)
    integration, operation = parse_integration(name), parse_operation(name)
    assert integration is None or operation is None
    if integration is not None and "/products/" not in name:
        assert integration_name(integration.location, integration.integration) == name
    if operation is not None:
        assert is_location(operation.location)
        assert operation_name(operation.location, operation.id) == name


def notification_of_objects(data: bytes) -> None:
    object_notification(data, NOW_NS)


def notification_of_registry(data: bytes) -> None:
    registry_notification("crp0", data, NOW_NS)


def cloud_event(data: bytes) -> None:
    """The first line is the content type, and headers of binary mode."""
    head, _, body = data.partition(b"\n")
    media_type, *headers = text(head).split(" ")
    given = dict(zip(headers[::2], headers[1::2], strict=False))
    read_all(contents_of(media_type, body, given), NOW)


def mail(data: bytes) -> None:
    parsed = parse_mail(data)
    parsed.message.encode()
    for name, value in parsed.headers:
        assert "\n" not in name + value


def mqtt_topics(data: bytes) -> None:
    """A filter and a topic on each line."""
    lines = text(data).split("\n")
    filters = [each for each in lines if problem_of_filter(each) is None][:64]
    covering = disjoint(filters)
    for topic in lines[:64]:
        for each in filters:
            if matches(each, topic):
                assert any(matches(other, topic) for other in covering), (each, topic)
    assert not any(one != other and overlap(one, other) for one in covering for other in covering)


def no_folders(_: str) -> tuple[str, ...]:
    return ()


DESTINATION = Destination("e23default0000000000", fixed=False, folders_of=no_folders)


def otlp_json(data: bytes) -> None:
    read_records(parse_logs(data), DESTINATION, NOW_NS)


def otlp_protobuf(data: bytes) -> None:
    request = logs_service_pb2.ExportLogsServiceRequest.FromString(data)
    for each in read_records(request, DESTINATION, NOW_NS).incoming:
        assert each


@cache
def a_key() -> RSAPrivateKey:
    return new_private_key()


@cache
def tokens() -> IamTokens:
    clock = ManualClock(NOW)
    keys = SigningKeys(clock)
    keys.replace([SigningKey("kid", a_key().public_key(), a_key(), NOW)])
    return IamTokens(keys, clock, checked=True)


def json_web_token(data: bytes) -> None:
    claimed = text(data)
    read = [tokens().read]
    if claimed.startswith(PREFIX):
        token = read[0](claimed)
        raise AssertionError(f"a token was forged: {token}")
    unverified(claimed, (ALGORITHM,))
    key = AuthorisedKey("kid", "aje0", public_pem(a_key().public_key()))
    Assertions(ManualClock(NOW), lambda: ["localhost:443"]).checked(claimed, key)


def json_web_keys(data: bytes) -> None:
    read_keys(data)


def json_of_trigger(data: bytes) -> None:
    request = trigger_service_pb2.CreateTriggerRequest()
    read_message(data, request, strict=True)
    checked(request)


def json_of_schedule(data: bytes) -> None:
    request = executions_pb2.ScheduleIntegrationsRequest()
    read_message(data, request, strict=False)
    checked(request)


def message_of_trigger(data: bytes) -> None:
    request = trigger_service_pb2.UpdateTriggerRequest.FromString(data)
    checked(request)
    update_paths(request)


def checked(request: Any) -> None:
    wire = request.SerializeToString()
    for violation in (*validator(request.DESCRIPTOR)(request), *nul_violations(request, wire)):
        assert violation.description
        violation.field.encode()


@cache
def rules() -> list[QueryRule]:
    return [
        rule
        for service in (PREVIEWS, TRIGGERS)
        for method in service.methods
        for rule in query_rules(method)
        if method.name in ("List", "Preview")
    ]


def query(data: bytes) -> None:
    pairs = parse_query(text(data))
    for rule in rules():
        request = REQUESTS[rule.route.method]()
        for fault in read_query(pairs, request, rule):
            fault.description.encode()


def field_mask(data: bytes) -> None:
    cut = partial(trigger_service_pb2.ListTriggersResponse.DESCRIPTOR, text(data))
    answer = trigger_service_pb2.ListTriggersResponse(next_page_token="t")
    cut(answer.SerializeToString())


def trace_context(data: bytes) -> None:
    parse_traceparent(text(data))


def yaml_document(data: bytes) -> None:
    root = plain_yaml.read(text(data))
    if isinstance(root, yaml.MappingNode):
        document = Document("file", root)
        document.parse(trigger_service_pb2.CreateTriggerRequest())


def documents(data: bytes) -> None:
    """Whatever the text is, what is wrong with it is told, and what is right can be written."""
    read = read_triggers("text", text(data), violations_of_document)
    assert all(problem.place >= (1, 1) for problem in read.problems)
    for each in read.triggers:
        yaml_of(each.trigger)


PREVIEWS = firing_service_pb2.DESCRIPTOR.services_by_name["FiringService"]
TRIGGERS = trigger_service_pb2.DESCRIPTOR.services_by_name["TriggerService"]
REQUESTS = {
    method.full_name: GetMessageClass(method.input_type)
    for service in (PREVIEWS, TRIGGERS)
    for method in service.methods
}
JSON_WORDS = (b"{", b"[", b'"', b"\\", b"\\u0041", b"1", b"e9", b",", b":", b"null", b'{"a":')

TARGETS: dict[str, Target] = {
    "cron": Target(
        cron,
        (CronError,),
        (b"*", b"/", b"-", b",", b"L", b"W", b"#", b"?", b" ", b"MON", b"9"),
        100,
    ),
    "trigger-filter": Target(
        filter_of_triggers,
        (ApiError,),
        (b"name", b"=", b"!=", b" IN (", b'"a"', b",", b")", b" AND ", b"NOT "),
        4096,
    ),
    "operation-filter": Target(
        filter_of_operations,
        (ApiError,),
        (b"done", b"=", b"*", b'"', b"metadata.", b" AND ", b"\\", b"(", b":"),
        4096,
    ),
    "page-token": Target(page_token, (ApiError,), (b"A", b"-", b"_", b"=", b"\xff"), 4096),
    "resource-name": Target(
        resource_name,
        (),
        (b"projects/", b"locations/", b"operations/", b"integrations/", b"p/", b"-"),
    ),
    "object-storage": Target(
        notification_of_objects,
        (NotificationError,),
        (*JSON_WORDS, b'"Records":[', b'{"s3":{', b'"key":"%2F"', b'"Message":'),
    ),
    "registry": Target(
        notification_of_registry,
        (NotificationError,),
        (*JSON_WORDS, b'"events":[', b'"event_data":{', b'"resources":[', b'"timestamp":"2026'),
    ),
    "cloud-event": Target(
        cloud_event,
        (ApiError,),
        (*JSON_WORDS, b'"specversion":"1.0"', b"ce-id 1", b'"data_base64":"', b"\n", b'"type":"'),
    ),
    "mail": Target(
        mail,
        (MailRefused,),
        (
            *(b"\r\n", b"\n", b"\r\n\r\n", b"Content-Type: multipart/mixed; boundary=b", b"--b"),
            *(
                b"=?utf-8?q?=3D?=",
                b"=?",
                b"?=",
                b'"',
                b";",
                b"; a*0=b",
                b"<",
                b"(",
                b"\xff",
                b"=\n",
            ),
            *(b"Subject: ", b"From: ", b" ", b"\t", b"&lt", b"<!--", b"charset=", b"begin 644 a"),
        ),
    ),
    "mqtt-topics": Target(
        mqtt_topics, (), (b"+", b"#", b"/", b"$devices", b"$monitoring", b"\n", b"+/", b"a/"), 4096
    ),
    "otlp-json": Target(
        otlp_json,
        (OtlpJsonError,),
        (
            *JSON_WORDS,
            b'"resourceLogs":[',
            b'"kvlistValue":{"values":[',
            b'"traceId":"',
            b'"key":"a"',
        ),
    ),
    "otlp-protobuf": Target(
        otlp_protobuf, (DecodeError,), (b"\x0a", b"\x12", b"\x2a\x02", b"\xff\xff\x03", b"\x00")
    ),
    "jwt": Target(
        json_web_token, (CredentialRefused,), (b".", b"eyJ", b"t1.", b"=", b"e30", b"AAAA")
    ),
    "jwks": Target(
        json_web_keys,
        (FetchFailed,),
        (*JSON_WORDS, b'"kty":"RSA"', b'"n":"', b'"x5c":["', b'"e":"'),
    ),
    "json-trigger": Target(
        json_of_trigger,
        (JsonFaults,),
        (*JSON_WORDS, b'"rule":{', b'"timer":{', b'"labels":{', b'"cutoff":"', b"1e400", b'"a":1,'),
    ),
    "json-schedule": Target(
        json_of_schedule,
        (JsonFaults,),
        (*JSON_WORDS, b'"inputParameters":{', b'"@type":"', b'"scheduleTime":"', b'"intArray":{'),
    ),
    "message-trigger": Target(
        message_of_trigger,
        (DecodeError, ApiError),
        (b"\x0a", b"\x12\x04", b"rule.", b"\x32", b"\x00"),
    ),
    "query": Target(
        query,
        (ValueError,),
        (b"&", b"=", b"%", b"%2F", b"+", b".", b"folderId", b"pageSize=", b"a&"),
    ),
    "field-mask": Target(
        field_mask, (MaskError,), (b"(", b")", b",", b"/", b"*", b"triggers", b".", b"a(", b"rule")
    ),
    "trace-context": Target(trace_context, (), (b"00-", b"-", b"a" * 32, b"01", b"f")),
    "documents": Target(
        documents,
        words=(
            b"---\n",
            b"- ",
            b"  ",
            b"\n",
            b": ",
            b"{",
            b"[",
            b'"',
            b"rule",
            b"timer",
            b"\\ud83d",
        ),
    ),
    "yaml": Target(
        yaml_document,
        (yaml.YAMLError, DocumentError),
        (
            b"- ",
            b"  ",
            b"\n",
            b": ",
            b"{",
            b"[",
            b"&a",
            b"*a",
            b"!!",
            b"|",
            b"'",
            b"# ",
            b"rule:",
            b"? ",
        ),
    ),
}


def seeds_of(name: str) -> Iterator[bytes]:
    """Inputs that a target was found to take, or to fail at before it was mended."""
    for file in sorted((CORPUS / name).glob("*")):
        yield file.read_bytes()
