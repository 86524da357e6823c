"""Sends logs to stderr, one line for each event; of lines that repeat it writes one a minute."""

from tocsin.logs.writing import ConsoleLines, configure_logs, dropped_lines

__all__ = ["ConsoleLines", "configure_logs", "dropped_lines"]
