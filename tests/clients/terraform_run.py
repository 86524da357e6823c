"""Terraform as a person types it, with what it said."""

import json
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.toolchains import HERE, need
from clients.yandex.servers import Served

PROVIDER = "registry.terraform.io/yandex-cloud/yandex"
VERSION = "0.216.0"
PATIENCE = 600

NO_DIFF, FAILED, DIFF = 0, 1, 2
"""What `plan -detailed-exitcode` ends with."""


@dataclass(frozen=True)
class Said:
    status: int
    text: str


class Terraform:
    """One working directory with the triggers of terraform/."""

    def __init__(
        self,
        directory: Path,
        server: Served,
        folder: str,
        *others: str,
        **credential: str,
    ) -> None:
        """Takes triggers.tf and `others`; `credential` is a variable of the provider."""
        need("terraform")
        for name in ("triggers.tf", *others):
            shutil.copy(HERE / "terraform" / name, directory)
        self._directory = directory
        self._environment = {
            "YC_ENDPOINT": server.tls,
            "YC_FOLDER_ID": folder,
            "SSL_CERT_FILE": str(server.ca),
            "YC_TERRAFORM_INITIALIZATION_SILENCE": "true",
            "TF_IN_AUTOMATION": "true",
            "CHECKPOINT_DISABLE": "true",
            **credential,
            **_installation(directory),
        }
        self.transcript: list[str] = []

    def run(self, *arguments: str) -> Said:
        # The provider does not work where this names a bundle, as its own message says.
        inherited = {name: it for name, it in os.environ.items() if name != "AWS_CA_BUNDLE"}
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self._directory,
            env=inherited | self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        self.transcript.append(f"$ terraform {' '.join(arguments)}\n{done.stdout}")
        return Said(done.returncode, done.stdout)

    def do(self, *arguments: str) -> str:
        """Runs what must succeed."""
        said = self.run(*arguments)
        assert said.status == 0, said.text
        return said.text

    def plan(self, *options: str) -> Said:
        return self.run("plan", "-detailed-exitcode", "-input=false", "-no-color", *options)

    def apply(self, *options: str) -> str:
        return self.do("apply", "-auto-approve", "-input=false", "-no-color", *options)

    def state(self) -> dict[str, dict[str, Any]]:
        """The values of each resource, by its name."""
        shown = subprocess.run(
            ["terraform", "show", "-json"],
            cwd=self._directory,
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        root = json.loads(shown.stdout).get("values", {}).get("root_module", {})
        resources = root.get("resources", [])
        return {each["name"]: each["values"] for each in resources if each["mode"] == "managed"}


def _installation(directory: Path) -> dict[str, str]:
    """What makes `terraform init` take a provider that is a file here, if one is named."""
    file = os.environ.get("TOCSIN_TERRAFORM_PROVIDER")
    if not file:
        return {}
    mirror = directory / "mirror"
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    place = mirror / PROVIDER / VERSION / f"{platform.system().lower()}_{machine}"
    place.mkdir(parents=True)
    (place / f"terraform-provider-yandex_v{VERSION}").symlink_to(Path(file).resolve())
    config = directory / "terraform.rc"
    there = f'filesystem_mirror {{ path = "{mirror}" }}'
    config.write_text(f"provider_installation {{\n  {there}\n}}\n")
    return {"TF_CLI_CONFIG_FILE": str(config)}
