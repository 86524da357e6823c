"""Loads the settings from the command line, `TOCSIN_*` variables and a TOML file."""

from tocsin.settings.addresses import Address
from tocsin.settings.loading import SettingsError, load_settings, wanted_log_format
from tocsin.settings.reloading import Reloading
from tocsin.settings.serve import Settings

__all__ = [
    "Address",
    "Reloading",
    "Settings",
    "SettingsError",
    "load_settings",
    "wanted_log_format",
]
