"""What is logged before a runner has opened its log file, as warnings about own data are, stands in that file too."""

import logging
from contextlib import contextmanager
from typing import Iterator, List, Sequence

from mmengine.logging import MMLogger

from mmagenc.log_files import Keeper


@contextmanager
def early_log() -> Iterator[List[logging.LogRecord]]:
    """Records of the current logger, which go to the console alone, while this is open."""
    logger, keeper = MMLogger.get_current_instance(), Keeper()
    logger.handlers.append(keeper)
    try:
        yield keeper.records
    finally:
        logger.handlers.remove(keeper)


def write_early(records: Sequence[logging.LogRecord], logger: logging.Logger) -> None:
    """Write records to the log files of a logger; to the console they have gone."""
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            for record in records:
                if record.levelno >= handler.level:
                    handler.handle(record)
