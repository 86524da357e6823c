"""Loads the settings from the command line, `TOCSIN_*` variables and a TOML file."""

from tocsin.settings.addresses import Address
from tocsin.settings.loading import SettingsError, load_settings, wanted_log_format
from tocsin.settings.reloading import Changes, Reloading, Source
from tocsin.settings.serve import Settings

__all__ = [
    "Address",
    "Changes",
    "Reloading",
    "Settings",
    "SettingsError",
    "Source",
    "load_settings",
    "wanted_log_format",
]
