"""Where log lines go and how they look; set up once, at the composition root of each process.

Modules log through ``logging`` with a constant event name first. Fields bound with ``structlog.contextvars``
(``call_id``, ``tenant``, ``request_id``) are added to every line.
"""

import logging
import logging.handlers
import sys
from pathlib import Path
from typing import TextIO

import structlog

FOLDER = "SIGNALBOX_LOGS"
"""Environment variable by which the supervisor tells a process where its log file goes."""
MAX_BYTES = 10 * 1024 * 1024
KEPT = 3

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def set_up(name: str, folder: Path | None = None) -> None:
    """Send every log line of this process to ``folder/<name>.log`` as JSON, errors also to the terminal.

    Without a folder all goes to standard output: for people on a terminal, as JSON otherwise. The file never grows
    past ``MAX_BYTES``; ``KEPT`` older ones stay.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.INFO)
    if folder is None:
        root.addHandler(_on(sys.stdout, logging.INFO))
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = logging.handlers.RotatingFileHandler(folder / f"{name}.log", maxBytes=MAX_BYTES, backupCount=KEPT)
    file.setFormatter(_formatter(structlog.processors.JSONRenderer()))
    root.addHandler(file)
    root.addHandler(_on(sys.stderr, logging.ERROR))


def _on(stream: TextIO, level: int) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setLevel(level)
    is_person = stream.isatty()
    handler.setFormatter(
        _formatter(
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if is_person
            else structlog.processors.JSONRenderer()
        )
    )
    return handler


def _formatter(renderer: structlog.typing.Processor) -> logging.Formatter:
    tail: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if isinstance(renderer, structlog.processors.JSONRenderer):
        tail.append(
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        )
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=list(_SHARED), processors=[*tail, renderer])
