"""Clients of real sources, which put events there all the time and write down what was taken."""

import itertools
import smtplib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from faults.checking.journal import Journal
from faults.load.clients import now
from faults.load.events import BROKER, MAIL, QUEUE, STREAM, Event, Sending, record_of
from stand.services.amazon import Amazon, Queue
from stand.services.mosquitto import Mosquitto

# A start takes long where the machine is busy.
SENT_WITHIN_SECONDS = 120.0
# A server that is killed says nothing, or hangs up in the midst of a word.
AWAY = (OSError, smtplib.SMTPException)

Put = Callable[[str], None]
"""Puts an event, by its id; returns once it is taken. Raises one of AWAY: it may be."""


@dataclass(frozen=True)
class Feeder:
    """One source, by its kind and by the name that rules have for it."""

    kind: str
    source: str
    put: Put
    pause_seconds: float = 0.05

    def run(self, journal: Journal, stopped: threading.Event) -> None:
        for number in itertools.count():
            if stopped.wait(self.pause_seconds):
                return
            event = Event(f"{self.kind}-{self.source}-{number}", self.kind, self.source)
            sending = Sending(now(), taken=None)
            event.sendings.append(sending)
            journal.new_event(event)
            self._until_taken(event.id, sending, journal)

    def _until_taken(self, event_id: str, sending: Sending, journal: Journal) -> None:
        give_up = time.monotonic() + SENT_WITHIN_SECONDS
        while sending.answered is None:
            sending.tries += 1
            try:
                self.put(event_id)
            except AWAY as error:
                journal.refused(f"{self.kind}: {type(error).__name__}")
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)
            else:
                sending.answered = now()


@contextmanager
def feeding(journal: Journal, feeders: Sequence[Feeder]) -> Iterator[None]:
    """Feeds all sources at once; what is being put at the end is put until it is taken."""
    stopped = threading.Event()
    with ThreadPoolExecutor(max(1, len(feeders))) as pool:
        under_way = [pool.submit(each.run, journal, stopped) for each in feeders]
        try:
            yield
        finally:
            stopped.set()
    for each in under_way:
        each.result()


def queue_feeder(queue: Queue) -> Feeder:
    def put(event_id: str) -> None:
        queue.send(event_id)

    return Feeder(QUEUE, queue.name, put)


def stream_feeder(amazon: Amazon, stream: str) -> Feeder:
    client = amazon.client("kinesis")

    def put(event_id: str) -> None:
        data = record_of(event_id).encode()
        client.put_record(StreamName=stream, PartitionKey=event_id, Data=data)

    return Feeder(STREAM, stream, put)


def broker_feeder(broker: Mosquitto, broker_id: str, topic: str) -> Feeder:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def put(event_id: str) -> None:
        client.publish(topic, event_id, qos=1).wait_for_publish(SENT_WITHIN_SECONDS)

    return Feeder(BROKER, broker_id, put)


def mail_feeder(address: Callable[[], str], recipient: str) -> Feeder:
    """`address` tells where a server listens at the moment."""

    def put(event_id: str) -> None:
        mail = EmailMessage()
        mail["From"] = "sender@example.com"
        mail["Message-ID"] = f"<{event_id}@example.com>"
        mail.set_content(event_id)
        host, _, port = address().rpartition(":")
        with smtplib.SMTP(host, int(port), local_hostname="feeder.test", timeout=10) as client:
            client.sendmail("sender@example.com", [recipient], mail.as_bytes())

    return Feeder(MAIL, recipient, put)
