"""A version that is published on one node runs on all, and only one of two that race."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from nodes.conftest import Cluster
from server.schedules.test_integration_versions import create, publish, published, version_of
from stand.apis.google import GoogleGrpc, schedule
from stand.apis.wire import Refused
from stand.recording_target import PATIENCE
from stand.tocsin_process import Tocsin

T = TypeVar("T")

LOCATION = "projects/p/locations/l"


def scheduled(node: Tocsin, name: str) -> bool:
    with node.channel() as channel:
        try:
            return bool(schedule(GoogleGrpc(channel), LOCATION, name))
        except Refused as refused:
            if refused.code != "NOT_FOUND":
                raise
            return False


def until_no_other(work: Callable[[], T]) -> T:
    """Does what may be refused because another call is at it, as callers are told to do."""
    while True:
        try:
            return work()
        except Refused as refused:
            if refused.code != "ABORTED":
                raise


def test_what_one_node_publishes_and_takes_back_the_others_know(cluster: Cluster) -> None:
    # All have looked the location up before.
    assert [scheduled(node, "orders") for node in cluster.nodes] == [False] * 3
    with cluster.nodes[0].channel() as channel:
        api = GoogleGrpc(channel)
        version = published(api, LOCATION, "orders", f"{cluster.target.url}/orders")
        until(lambda: all(scheduled(node, "orders") for node in cluster.nodes))
        api.call("UnpublishIntegrationVersion", {"name": version["name"]})
        until(lambda: not any(scheduled(node, "orders") for node in cluster.nodes))


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_tick_of_a_schedule_runs_once_on_all_nodes_together(cluster: Cluster) -> None:
    with cluster.nodes[0].channel() as channel:
        api = GoogleGrpc(channel)
        trigger = {
            "triggerType": "CLOUD_SCHEDULER",
            "triggerId": "cloud_scheduler_trigger/yearly",
            "cloudSchedulerConfig": {"cronTab": "0 0 1 1 *"},
        }
        sent = version_of("yearly", f"{cluster.target.url}/yearly", triggerConfigs=[trigger])
        publish(api, create(api, LOCATION, "yearly", sent))
        for number in range(1, 4):
            earlier = (datetime.now(UTC) - timedelta(seconds=number)).timestamp()
            # As if the time had come: nodes look for ticks now and then, and at each bell.
            cluster.execute("UPDATE integration_schedules SET next_at = $1", int(earlier * 1e6))
            cluster.target.wait_for(lambda request: request.path == "/yearly", number)
        parent = f"{LOCATION}/integrations/yearly"
        found = api.call("ListExecutions", {"parent": parent})["executions"]
    assert len(found) == 3
    assert len(cluster.target.all(lambda request: request.path == "/yearly")) == 3


def test_of_versions_that_are_published_at_once_one_is_active(cluster: Cluster) -> None:
    def publish_one(number: int) -> None:
        with cluster.nodes[number % 3].channel() as channel:
            api = GoogleGrpc(channel)
            sent = version_of("raced", f"{cluster.target.url}/{number}")
            version = until_no_other(lambda: create(api, LOCATION, "raced", sent))
            until_no_other(lambda: publish(api, version))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(publish_one, range(6)))
    with cluster.nodes[0].channel() as channel:
        parent = f"{LOCATION}/integrations/raced"
        listed = GoogleGrpc(channel).call("ListIntegrationVersions", {"parent": parent})
    versions = listed["integrationVersions"]
    assert sorted(each["snapshotNumber"] for each in versions) == list("123456")
    assert sorted(each["state"] for each in versions) == ["ACTIVE", *["SNAPSHOT"] * 5]
