"""Changes of one trigger have one order, whichever nodes make them: its operations show it."""

from concurrent.futures import ThreadPoolExecutor

from google.protobuf.field_mask_pb2 import FieldMask

from nodes.conftest import NODES, Cluster
from nodes.test_three_nodes import PATIENCE, create, triggers
from stand.tocsin_process import Tocsin
from tocsin_protos.yandex.cloud.operation.operation_pb2 import Operation
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2 as contract
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)

CALLERS_OF_A_NODE = 3
CHANGES_OF_A_CALLER = 20

# The field that an operation changed, and its value there.
Written = tuple[str, str]


def change_often(node: Tocsin, trigger_id: str, caller: int) -> dict[str, Written]:
    """Changes one field after the other; returns what each operation wrote."""
    written: dict[str, Written] = {}
    with node.channel() as channel:
        stub = TriggerServiceStub(channel)
        for number in range(CHANGES_OF_A_CALLER):
            field = ("name", "description")[number % 2]
            value = f"by-{caller}-{number}"
            request = contract.UpdateTriggerRequest(
                trigger_id=trigger_id, update_mask=FieldMask(paths=[field]), **{field: value}
            )
            written[stub.Update(request, timeout=PATIENCE).id] = (field, value)
    return written


def operations_of(node: Tocsin, trigger_id: str) -> list[Operation]:
    """All operations, the oldest first."""
    with node.channel() as channel:
        request = contract.ListTriggerOperationsRequest(trigger_id=trigger_id, page_size=1000)
        listed = TriggerServiceStub(channel).ListOperations(request, timeout=PATIENCE)
    return list(reversed(listed.operations))


def result(operation: Operation) -> Trigger:
    return Trigger.FromString(operation.response.value)


def test_ids_instants_and_effects_of_one_triggers_changes_are_in_one_order(
    cluster: Cluster,
) -> None:
    create(cluster.nodes[0], "first")
    [trigger] = triggers(cluster.nodes[0])
    callers = range(NODES * CALLERS_OF_A_NODE)
    with ThreadPoolExecutor(len(callers)) as pool:
        written: dict[str, Written] = {}
        for done in pool.map(
            lambda caller: change_often(cluster.nodes[caller % NODES], trigger.id, caller), callers
        ):
            written |= done
    made = operations_of(cluster.nodes[0], trigger.id)
    ids = [operation.id for operation in made]
    assert ids == sorted(ids)
    assert set(ids[1:]) == written.keys()
    instants = [operation.created_at.ToNanoseconds() for operation in made]
    assert instants == sorted(instants)
    expected = result(made[0])
    for operation in made[1:]:
        field, value = written[operation.id]
        setattr(expected, field, value)
        assert result(operation) == expected
    assert triggers(cluster.nodes[1]) == [expected]
