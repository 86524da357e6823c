"""Metrics as Prometheus reads them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from stand.apis.wire import send
from stand.tocsin_process import PATIENCE, Tocsin


@dataclass(frozen=True)
class Scrape:
    """All metrics of one moment."""

    families: dict[str, Metric]

    def value(self, name: str, **labels: str) -> float:
        """Adds up the samples of this name that have these labels."""
        return sum(
            sample.value
            for family in self.families.values()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def scrape(server: Tocsin) -> Scrape:
    reply = send(server.address("metrics"), "GET", "/metrics")
    assert reply.status == 200
    return Scrape({each.name: each for each in text_string_to_metric_families(reply.text)})


def until(server: Tocsin, enough: Callable[[Scrape], bool]) -> Scrape:
    """Returns the first scrape of which that is so."""
    give_up = time.monotonic() + PATIENCE
    while not enough(seen := scrape(server)):
        assert time.monotonic() < give_up, "it never came to that"
        time.sleep(0.02)
    return seen
