"""Reads and writes the file of contexts: servers that have a name."""

import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tocsin.cli.refusal import USAGE, refusal

FILE = "TOCSIN_CONTEXTS"
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class StoredContext:
    """Holds a server's address, the file of its authorities, a folder and an API key."""

    server: str
    ca: str | None = None
    folder: str | None = None
    api_key: str | None = field(default=None, repr=False)

    def variables(self) -> dict[str, str]:
        """Returns the variables that say the same."""
        named = {
            "TOCSIN_SERVER": self.server,
            "TOCSIN_CA": self.ca,
            "TOCSIN_FOLDER": self.folder,
            "TOCSIN_API_KEY": self.api_key,
        }
        return {name: value for name, value in named.items() if value}

    def told(self) -> str:
        """Describes it without its key."""
        parts = [f"server={self.server}"]
        parts += [f"ca={self.ca}"] if self.ca else []
        parts += [f"folder={self.folder}"] if self.folder else []
        return ", ".join([*parts, *(["with an API key"] if self.api_key else [])])


@dataclass(frozen=True, slots=True)
class Contexts:
    """Holds all contexts by name; `current` is used where none is named."""

    current: str | None
    named: dict[str, StoredContext]


def contexts_file() -> Path | None:
    """Returns the file's path: that of TOCSIN_CONTEXTS, else below ~/.config.

    Returns None for a user without a home, as units and containers have.
    """
    if given := os.environ.get(FILE):
        return Path(given)
    if home := os.environ.get("XDG_CONFIG_HOME"):
        return Path(home) / "tocsin" / "contexts.json"
    try:
        return Path.home() / ".config" / "tocsin" / "contexts.json"
    except RuntimeError:
        return None


def read_contexts() -> Contexts:
    """Reads the file; ends the program if it is wrong, or if others can read a key in it."""
    file = contexts_file()
    if file is None or not (os.environ.get(FILE) or _can_enter(file.parent)):
        return Contexts(None, {})
    try:
        text = file.read_text(encoding="utf-8")
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return Contexts(None, {})
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}", status=USAGE) from error
    try:
        written = json.loads(text)
        named = {name: StoredContext(**each) for name, each in written["contexts"].items()}
        contexts = Contexts(written["current"], named)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise refusal(
            f"{file} is not as `tocsin context` writes it: mend it, or remove it", status=USAGE
        ) from error
    if mode & ~PRIVATE and any(each.api_key for each in named.values()):
        raise refusal(f"{file} holds an API key, and others can read it: chmod 600", status=USAGE)
    return contexts


def _can_enter(folder: Path) -> bool:
    """Says whether a folder may hold our file: one in a home that is /dev/null can't."""
    return os.access(folder, os.X_OK) and folder.is_dir()


def write_contexts(contexts: Contexts) -> None:
    """Replaces the file as a whole, with mode 0600; ends the program if it can't be written."""
    file = contexts_file()
    if file is None:
        raise refusal(
            f"this user has no home directory: name a file for contexts by {FILE}", status=USAGE
        )
    text = json.dumps({"current": contexts.current, "contexts": _plain(contexts)}, indent=2)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as written:  # 0600
            written.write(text + "\n")
        os.replace(written.name, file)
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}", status=USAGE) from error


def _plain(contexts: Contexts) -> dict[str, dict[str, str]]:
    return {
        name: {key: value for key, value in asdict(each).items() if value is not None}
        for name, each in sorted(contexts.named.items())
    }


def context_named(contexts: Contexts, name: str) -> StoredContext:
    """Returns a context; ends the program if there is no such context."""
    if name in contexts.named:
        return contexts.named[name]
    known = (
        f"there is {', '.join(sorted(contexts.named))}"
        if contexts.named
        else "there is none yet, make one with `tocsin context add`"
    )
    raise refusal(f"no context is named {name}: {known}", status=USAGE)


def checked_server(server: str) -> str:
    """Returns the address of a server; ends the program if it is a URL."""
    if server.startswith(("http://", "https://")):
        raise refusal(
            f"--server: must be HOST:PORT of gRPC, such as 127.0.0.1:50051, not {server!r}",
            status=USAGE,
        )
    return server
