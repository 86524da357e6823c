"""A stream of one node shows what the others change."""

import pytest

from nodes.conftest import Cluster
from stand.apis.tocsin import TocsinGrpc
from stand.apis.triggers import TIMER
from stand.apis.watching import watching_grpc

FOLDER = "b1gnodes000000000000"


def create(cluster: Cluster, node: int) -> str:
    api = TocsinGrpc(cluster.nodes[node].grpc_address)
    request = {"folderId": FOLDER, "rule": TIMER}
    return str(api.call("TriggerService.Create", request)["response"]["id"])


def test_what_any_node_changes_arrives(cluster: Cluster) -> None:
    with watching_grpc(cluster.nodes[0].grpc_address, {"folderId": FOLDER}) as watched:
        for node in (1, 2, 0):
            trigger_id = create(cluster, node)
            watched.row("triggers", triggerId=trigger_id)
            api = TocsinGrpc(cluster.nodes[node].grpc_address)
            fired = api.call("FiringService.FireTrigger", {"triggerId": trigger_id})
            invocation_id = fired["invocations"][0]["id"]
            watched.row("invocations", id=invocation_id, state="STATE_SUCCEEDED")
        assert watched.resets() == ["REASON_BEGUN"]


@pytest.mark.parametrize(
    "happened",
    [
        # A node of 0.1.0 does not say what it changed.
        "NOTIFY tocsin",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    ],
)
def test_a_stream_is_reset_when_changes_of_other_nodes_may_be_missing(
    cluster: Cluster, happened: str
) -> None:
    with watching_grpc(cluster.nodes[0].grpc_address, {"folderId": FOLDER}) as watched:
        cluster.execute(happened)
        watched.wait_for(lambda it: it.resets()[1:2] == ["REASON_OTHER_NODES"])
        trigger_id = create(cluster, 1)
        watched.row("triggers", triggerId=trigger_id)
