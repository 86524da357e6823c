"""The registry that one server's metrics are kept in; nothing is in the library's global one."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric


class Registry(CollectorRegistry):
    """Without the `_created` series, of which there is one for each counter that nobody asks for.

    The library's own switch for that is global to the process.
    """

    def collect(self) -> Iterator[Metric]:
        for family in super().collect():
            family.samples = [each for each in family.samples if not each.name.endswith("_created")]
            yield family
