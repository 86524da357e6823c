"""What is in deploy/: each file is one that its program takes, as far as that can be seen here."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
TOOLS = Path(sys.executable).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_dockerfile_has_no_fault_that_its_linter_knows() -> None:
    done = run(TOOLS / "hadolint", DEPLOY / "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kubernetes_knows_each_field() -> None:
    done = run(TOOLS / "kubernetes-validate", "--strict", DEPLOY / "kubernetes.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_knows_each_field() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    done = run(TOOLS / "check-jsonschema", *schema, DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_any_password_will_do_in_compose() -> None:
    node = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["node-1"]
    assert "$" not in node["environment"]["TOCSIN_DATABASE"], "a URL would have to be encoded"
    assert node["environment"]["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def kinds() -> dict[str, Any]:
    return {
        each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())
    }


def test_a_pod_has_more_time_to_stop_than_the_server_uses() -> None:
    settings = tomllib.loads(kinds()["ConfigMap"]["data"]["tocsin.toml"])
    pod = kinds()["Deployment"]["spec"]["template"]["spec"]
    used = settings["shutdown_delay"] + settings["grace"]
    assert pod["terminationGracePeriodSeconds"] > used


def test_the_budget_leaves_a_node_and_lets_one_go() -> None:
    replicas = kinds()["Deployment"]["spec"]["replicas"]
    assert 0 < kinds()["PodDisruptionBudget"]["spec"]["minAvailable"] < replicas


def test_compose_names_files_that_exist_and_gives_nodes_time_to_stop() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for service in composed["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists(), source
    for name in ("node-1", "node-2"):
        node = composed["services"][name]
        delay = int(node["environment"]["TOCSIN_SHUTDOWN_DELAY"])
        assert int(node["stop_grace_period"].removesuffix("s")) > delay + 10
        assert (DEPLOY / node["build"]["context"] / node["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("name", ["prometheus.yml", "grafana/datasource.yaml"])
def test_the_settings_of_the_watchers_are_yaml_with_our_nodes(name: str) -> None:
    assert yaml.safe_load((DEPLOY / name).read_text())
