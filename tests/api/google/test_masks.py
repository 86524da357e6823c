"""Read masks of executions and versions."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from tocsin.api.google.executions.masks import read_mask
from tocsin.wire.errors import ApiError
from tocsin_protos.google.cloud.integrations.v1alpha.execution_pb2 import Execution


def paths_of(*paths: str) -> list[str] | None:
    mask = read_mask(FieldMask(paths=paths), Execution)
    return None if mask is None else list(mask.paths)


def test_the_name_always_comes_along() -> None:
    assert paths_of("trigger_id") == ["name", "trigger_id"]


@pytest.mark.parametrize("paths", [(), ("*",), ("name", "*")])
def test_no_path_and_a_star_mean_everything(paths: tuple[str, ...]) -> None:
    assert paths_of(*paths) is None


def test_a_path_that_is_repeated_counts_once() -> None:
    repeated = ("name", "execution_details.state", "trigger_id") * 10_000
    assert paths_of(*repeated) == ["name", "execution_details.state", "trigger_id"]


def test_a_path_of_no_field_is_named_with_its_place() -> None:
    with pytest.raises(ApiError) as refused:
        paths_of("name", "name", "names")
    assert "read_mask.paths[2]: 'names' is not a field of Execution" in refused.value.message
