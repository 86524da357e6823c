"""The benchmarks run and their page is made. How fast it was is no matter here."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients.toolchains import need

ROOT = Path(__file__).parent.parent.parent
BENCH = ROOT / "bench"
PATIENCE = 900  # a benchmark begins anew where a busy machine was too slow for its instant


def run(program: str, results: Path, *options: str) -> Any:
    done = subprocess.run(
        [sys.executable, BENCH / f"{program}.py", "--results", results, *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(results.read_text()) if results.is_file() else None


def test_calls(tmp_path: Path) -> None:
    need("h2load")
    told = run(
        *("calls", tmp_path / "calls.json"),
        *("--rounds", "1", "--calls", "64", "--stores", "sqlite", "--beside", str(ROOT)),
    )
    rows = {(each["version"], each["call"]): each for each in told["calls"]}
    ours = {"Get", "Create", "ScheduleIntegrations", "REST Get"}
    assert {name for _, name in rows} == {"echo", *ours}
    assert rows["", "echo"]["of_echo"] == 1
    assert rows["", "REST Get"]["envoy_us"] > 0
    assert rows[ROOT.name, "Get"]["server_us"] > 0


def test_firing(tmp_path: Path) -> None:
    told = run(
        *("firing", tmp_path / "firing.json"),
        *("--invocations", "200", "--lag-seconds", "0.2", "--nodes", "2", "--many", "300"),
    )
    kinds = [(each["store"], each["nodes"]) for each in told["runs"]]
    assert kinds == [("sqlite", 1), ("postgresql", 2)]
    assert all(each["rate"] > 0 and each["lag_p50_ms"] > 0 for each in told["runs"])
    assert all(each["cpu_us"] > 0 and each["raw_cpu_us"] > 0 for each in told["runs"])
    assert told["runs"][0]["many_cpu_us"] > 0
    assert told["runs"][1]["store_cpu_us"] > 0


def test_executions(tmp_path: Path) -> None:
    told = run(
        *("executions", tmp_path / "executions.json"),
        *("--executions", "3000", "--calls", "1"),
    )
    found = {each["by"]: each["found"] for each in told["lists"]}
    assert found["id"] == 1
    assert found["trigger"] == 60
    assert found["state FAILED, all integrations"] == 2
    assert found["trigger that is not there"] == 0


def test_timers(tmp_path: Path) -> None:
    told = run(
        *("timers", tmp_path / "timers.json"),
        *("--few", "10", "--many", "100", "--calls", "5", "--idle-seconds", "0.1"),
        *("--due", "50", "--steady", "20", "--stores", "sqlite"),
    )
    assert [each["timers"] for each in told["waiting"]] == [0, 10, 100]
    assert [each["timers"] for each in told["due"]] == [50]


def test_schedules(tmp_path: Path) -> None:
    told = run(
        *("schedules", tmp_path / "schedules.json"),
        *("--batch", "20", "--batches", "2", "--singles", "20"),
    )
    assert [each["store"] for each in told["runs"]] == ["sqlite"] * 3 + ["postgresql"] * 3
    assert all(each["cpu_us"] > 0 and each["rate"] > 0 for each in told["runs"])


def test_large_inputs(tmp_path: Path) -> None:
    told = run(
        *("large", tmp_path / "large.json"),
        *("--executions", "3", "--mebibytes", "0.5", "--seconds", "0.2"),
    )
    assert told["executions"] == 3
    assert all(told[each]["memory_mib"] > 0 for each in ("before", "due"))


def test_sources(tmp_path: Path) -> None:
    told = run(
        *("sources", tmp_path / "sources.json"),
        *("--sources", "mqtt", "object-webhook", "--events", "200"),
        *("--idle-triggers", "2", "--idle-brokers", "2", "--idle-seconds", "0.1"),
    )
    assert [each["size"] for each in told["runs"]] == [1, 100] * 2
    assert all(each["delivered"] > 0 and each["plain_rate"] > 0 for each in told["runs"])
    assert told["idle"]["triggers"] == 2


def test_tocsin_in_the_benchmark_of_peers(tmp_path: Path) -> None:
    told = run(
        *("peers", tmp_path / "peers.json", "--jobs", "100"),
        *("--systems", "tocsin-sqlite", "tocsin-postgresql"),
    )
    assert [each["store"] for each in told["systems"]] == ["sqlite", "postgresql"]
    assert all(each["added"] > 0 and each["repeated"] == 0 for each in told["systems"])


def test_an_innocent_caller_beside_an_attack(tmp_path: Path) -> None:
    told = run(
        *("under_attack", tmp_path / "attacks.json", "--seconds", "1"),
        *("--attacks", "forged tokens, REST and TLS"),
    )
    [attack] = told["attacks"]
    for when in ("alone", "beside"):
        assert attack[when]["rest_calls"] > 0
        assert attack[when]["grpc_calls"] > 0
        assert attack[when]["errors"] == 0, attack[when]
    assert attack["memory_mib"]["peak"]["envoy"] > 0


@pytest.mark.parametrize("page", ["benchmarks.md", "benchmarks.svg", "scaling.md", "security.md"])
def test_the_pages_are_made_from_the_results(tmp_path: Path, page: str) -> None:
    for edited in ("scaling.md", "security.md"):
        shutil.copy(ROOT / "docs" / edited, tmp_path)
    run("report", BENCH / "results", "--docs", str(tmp_path))
    assert (tmp_path / page).read_text() == (ROOT / "docs" / page).read_text()
