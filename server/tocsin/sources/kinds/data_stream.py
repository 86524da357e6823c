"""data_stream: a record of a stream of the Kinesis protocol, which must be JSON."""

import json
from dataclasses import dataclass

from tocsin.sources.kinds.definition import Kind, Metadata, Mismatches, equal, messages_frame


@dataclass(frozen=True, slots=True)
class DataStreamSource:
    """Reads the records of a stream by the Kinesis protocol."""

    endpoint: str = ""
    database: str = ""
    stream: str = ""
    service_account_id: str = ""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """Holds a record as JSON text (see `record_text`)."""

    endpoint: str
    database: str
    stream: str
    data: str


def record_text(data: bytes | str) -> str:
    """Returns a record as its target gets it: unchanged, with every digit of its numbers.

    Raises:
        ValueError: the record is not JSON in UTF-8.
    """
    text = data if isinstance(data, str) else data.decode()
    # A byte order mark is not part of the JSON that it begins (RFC 8259, 8.1).
    text = text.removeprefix("\ufeff")
    try:
        # This only checks the syntax; numbers may have any length.
        json.loads(text, parse_constant=_refuse, parse_int=str, parse_float=str)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return text.strip(" \t\r\n")


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def mismatches(source: DataStreamSource, event: StreamRecord) -> Mismatches:
    yield from equal("endpoint", source.endpoint, event.endpoint)
    yield from equal("database", source.database, event.database)
    yield from equal("stream", source.stream, event.stream)


def element(event: StreamRecord, _: Metadata) -> str:
    """Returns the record alone: streams have no metadata around it."""
    return event.data


KIND = Kind(
    name="data_stream",
    source=DataStreamSource,
    event=StreamRecord,
    keys_of_source=lambda source: (source.stream,),
    # A rule may leave the stream's name out, though nothing can be read then.
    keys_of_event=lambda event: (event.stream, ""),
    mismatches=mismatches,
    element=element,
    payload=messages_frame,
    pulled=True,
)
