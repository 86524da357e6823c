"""Defines the registry of one server's metrics; the library's global one stays empty."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric


class Registry(CollectorRegistry):
    """Leaves out the `_created` series, which the library adds to each counter.

    The library's own switch for that is global to the process.
    """

    def collect(self) -> Iterator[Metric]:
        for family in super().collect():
            family.samples = [
                sample for sample in family.samples if not sample.name.endswith("_created")
            ]
            yield family
