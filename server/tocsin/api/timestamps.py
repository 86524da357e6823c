"""Instants as the contracts' messages carry them."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from tocsin.store.instants import to_micros

MICROS = 1_000_000


def to_timestamp(instant: datetime) -> Timestamp:
    seconds, micros = divmod(to_micros(instant), MICROS)
    return Timestamp(seconds=seconds, nanos=micros * 1000)
