"""A database that was given accounts is not served to everybody by a start that forgot it."""

from pathlib import Path

import grpc
import pytest

from stand.tocsin_process import run_tocsin, serving
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2_grpc import (
    TriggerServiceStub,
)


@pytest.mark.parametrize("how", ["command", "settings"])
def test_a_start_without_access_control_is_refused(tmp_path: Path, how: str) -> None:
    database = f"sqlite:///{tmp_path}/tocsin.db"
    if how == "command":
        assert run_tocsin("access", "init", "--database", database).status == 0
    else:
        config = '[access.service_accounts.aje0robot]\nfolder_id = "b1g0"\n'
        with serving(tmp_path, config, "--access", "--database", database, http="off"):
            pass
        (tmp_path / "tocsin.toml").unlink(missing_ok=True)
    refused = run_tocsin(
        "serve", "--database", database, "--listen", "127.0.0.1:0", "--http", "off"
    )
    assert refused.status == 1
    assert "--access" in refused.stderr
    assert "--ignore-accounts" in refused.stderr
    assert "Traceback" not in refused.stderr
    options = ("--database", database, "--ignore-accounts")
    with serving(tmp_path, "", *options, http="off") as server, server.channel() as channel:
        request = trigger_service_pb2.ListTriggersRequest(folder_id="b1g0")
        assert not TriggerServiceStub(channel).List(request, timeout=30).triggers
    with (
        serving(tmp_path, "", "--database", database, "--access", http="off") as server,
        server.channel() as channel,
        pytest.raises(grpc.RpcError, match="UNAUTHENTICATED"),
    ):
        TriggerServiceStub(channel).List(request, timeout=30)
