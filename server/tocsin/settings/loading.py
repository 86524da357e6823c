"""Puts the settings together: from the command line, `TOCSIN_*` variables, a TOML file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as VariableError

from tocsin.settings.serve import Settings

# What a file of an older version may still have, and what to do about it.
GONE = {
    "channelz": "this setting is gone, since gRPC's own channelz does not work with the versions "
    "of gRPC that can be installed together; delete the line"
}


class SettingsError(Exception):
    """The settings can't be used; the message names each one that is wrong, and why."""


def load_settings(config: Path | None, given: Mapping[str, Any] | None = None) -> Settings:
    """Puts the settings together: what is `given` goes before variables, those before the file.

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


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text())
    except OSError as error:
        raise SettingsError(f"{config}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not TOML: {error}") from error


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"])
        what = problem["msg"]
        if problem["type"] == "extra_forbidden":
            what = GONE.get(name, "there is no such setting")
        told = what.removeprefix("Value error, ")
        # What is wrong among several settings names them itself.
        lines.append(f"{name}: {told}" if name else told)
    return "\n".join(lines)
