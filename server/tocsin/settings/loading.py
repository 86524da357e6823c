"""Loads settings: the command line goes before `TOCSIN_*` variables, those before a TOML file."""

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as VariableError

from tocsin.settings.serve import Settings

# Settings that a file of an older version may have, and what to do about them.
GONE = {
    "channelz": "this setting was removed, because gRPC's channelz does not work with the versions "
    "of gRPC that can be installed together: delete the line"
}


class SettingsError(Exception):
    """The settings are wrong; the message names each wrong one and says why."""


def load_settings(config: Path | None, given: Mapping[str, Any] | None = None) -> Settings:
    """Loads the settings.

    Args:
        config: the TOML file; None for no file.
        given: the options of the command line, by the names of settings.

    Raises:
        SettingsError: the file can't be read, or a setting is unknown or wrong.
    """
    from_file = _read(config) if config is not None else {}

    class LayeredSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            return init_settings, env_settings, InitSettingsSource(settings_cls, from_file)

    try:
        return LayeredSettings(**(given or {}))
    except ValidationError as error:
        raise SettingsError(_explained(error)) from error
    except VariableError as error:
        raise SettingsError(f"{error}: {error.__cause__}") from error


def wanted_log_format(config: Path | None, given: Mapping[str, Any]) -> str:
    """Returns the log's format by the same precedence, also if other settings are wrong.

    It is needed to write what is wrong with them. What is no format means `console`.
    """
    found = given.get("log_format") or os.environ.get("TOCSIN_LOG_FORMAT")
    if not found and config is not None:
        with suppress(SettingsError):
            found = _read(config).get("log_format")
    return "json" if found == "json" else "console"


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text())
    except OSError as error:
        raise SettingsError(f"{config}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not TOML: {error}") from error
    except RecursionError as error:
        raise SettingsError(f"{config} is nested too deep") from error


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"])
        what = problem["msg"]
        if problem["type"] == "extra_forbidden":
            what = GONE.get(name, "unknown setting")
        text = what.removeprefix("Value error, ")
        # An error about several settings names them itself.
        lines.append(f"{name}: {text}" if name else text)
    return "\n".join(lines)
