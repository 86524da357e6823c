"""Sends logs to stderr, one line for each event; of lines that repeat it writes one a minute."""

from tocsin.logs.uncaught import uncaught_logged
from tocsin.logs.writing import ConsoleLines, configure_logs, dropped_lines, json_line

__all__ = ["ConsoleLines", "configure_logs", "dropped_lines", "json_line", "uncaught_logged"]
