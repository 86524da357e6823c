"""Holds what `tocsin conformance` is asked to do; each process of the run has the same."""

import json
import secrets
from dataclasses import asdict, dataclass

PROFILES = (
    "triggers",
    "operations",
    "descriptors",
    "schedule",
    "executions",
    "transcoding",
    "access",
    "firing",
)

# What a profile needs of the command line; the others need --target alone.
NEEDS: dict[str, tuple[str, ...]] = {
    "schedule": ("--integration", "--trigger-id"),
    "executions": ("--rest", "--integration", "--trigger-id"),
    "transcoding": ("--rest",),
    "access": ("--token-file or --key",),
    "firing": ("--target-listen",),
}


class OptionError(Exception):
    """An option or a file can't be used; the text names it and says what would be right."""


def fresh_folder() -> str:
    """Returns the id of a folder that nobody has."""
    return f"conformance-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. Secrets stay in their files."""

    target: str
    """HOST:PORT of gRPC."""
    rest: str | None = None
    """The URL before the paths of REST, without a slash at its end."""
    ca: str | None = None
    """A PEM file; with it gRPC is over TLS."""
    token_file: str | None = None
    key_file: str | None = None
    folder: str = ""
    """Where triggers are created; empty for a folder that nobody has."""
    location: str = "projects/conformance/locations/local"
    integration: str | None = None
    trigger_id: str | None = None
    target_listen: str | None = None
    profiles: tuple[str, ...] = ()
    features: str | None = None
    known_failing: str | None = None

    def given(self) -> dict[str, bool]:
        """Returns which of the options in NEEDS are there."""
        return {
            "--rest": self.rest is not None,
            "--integration": self.integration is not None,
            "--trigger-id": self.trigger_id is not None,
            "--token-file or --key": bool(self.token_file or self.key_file),
            "--target-listen": self.target_listen is not None,
        }

    def missing_for(self, profile: str) -> list[str]:
        """Returns the options that a profile needs and that are not there."""
        given = self.given()
        return [need for need in NEEDS.get(profile, ()) if not given[need]]

    def to_json(self) -> str:
        """Returns it for another process."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Options":
        """Reads what `to_json` returned."""
        values = json.loads(text)
        return Options(**{**values, "profiles": tuple(values["profiles"])})
