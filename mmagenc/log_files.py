"""What stands in the log file of a run alone, as it is too long for who looks at the console."""

import logging
from typing import List

from mmengine.logging import MMLogger


class Keeper(logging.Handler):
    """Keeps records for a log file that is not open yet."""

    def __init__(self) -> None:
        super().__init__()
        self.records: List[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def log_files() -> List[logging.Handler]:
    """Handlers of the current logger by which records come into a file, now or later."""
    return [handler for handler in MMLogger.get_current_instance().handlers if isinstance(handler, (logging.FileHandler, Keeper))]


def write_to_log_files(text: str, level: int = logging.WARNING) -> None:
    """Write a record past the console; a warning once, as MMEngine does."""
    record = logging.LogRecord('mmengine', level, '', 0, text, None, None)
    for handler in log_files():
        if level >= handler.level:
            handler.handle(record)
