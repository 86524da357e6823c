"""Sends logs to stderr, one line for each event."""

import logging
import sys

import structlog


def configure_logs(log_format: str, level: str) -> None:
    """Makes structlog and the standard library's logging write to stderr in one format.

    Args:
        log_format: `json`, or anything else for lines that a person reads.
        level: name of the lowest level to write; the standard library's is at least `warning`.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        pad_event_to=0,
        # The default formatter shows local variables, which may hold secrets.
        exception_formatter=structlog.dev.plain_traceback,
    )
    if log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
