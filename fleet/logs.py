"""One log format for every process: JSON lines for machines, or a console for people."""

import logging
from typing import Any

import structlog

from fleet.redaction import clean


def _cleaned(_logger: Any, _name: str, line: Any) -> str:
    """The last step, on the finished line: so nothing that is quoted anywhere in it is overlooked."""
    return clean(str(line))


def keep_accesses_clean() -> None:
    """Send daphne's access log through ours: it would write whole addresses to standard output."""
    from daphne.access import AccessLogGenerator

    access = structlog.stdlib.get_logger("web.access")

    def write_entry(
        _self: Any, host: str, date: Any, request: str, status: Any = None, length: Any = None, **_other: Any
    ) -> None:
        access.info(request, client=host, status=status, bytes=length)

    AccessLogGenerator.write_entry = write_entry


def configure(log_format: str, level: str) -> None:
    """Send structlog and the standard library through one formatter to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render, _cleaned],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for talkative in ("daphne.http_protocol", "axes"):
        logging.getLogger(talkative).setLevel("WARNING")
