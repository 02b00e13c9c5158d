"""What every stage's script does around its work: log to its file, and fail in one readable line."""

import logging
import os
import platform
import signal
import sys
import traceback
from contextlib import contextmanager, suppress

log = logging.getLogger("pretrain_or_not")
LOGGERS = (log, logging.getLogger("py.warnings"))


class BadInput(Exception):
    """The user's data or config is at fault; the message names the place and says what would be right."""


class LogFile(logging.FileHandler):
    """A log that never stops the work: where it cannot be written (a full disk), it says so once and goes on."""

    failed = False

    def emit(self, record):
        """Write a record; not even opening the file may fail."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record):
        """Say once why the log ends, on the terminal."""
        if not self.failed:
            self.failed = True
            print(f"{self.baseFilename}: cannot be written: {sys.exc_info()[1]}", file=sys.stderr)


def stop(signum, frame):
    """End the process with its `finally` blocks, so that no temporary file is left."""
    log.error("stopped by %s", signal.Signals(signum).name)
    raise SystemExit(128 + signum)


def overhear(signum, frame):
    """Go on: a cluster's warning before a time limit (SIGUSR1) only concerns training, see `checkpoint`."""
    log.info("told by %s that time is short", signal.Signals(signum).name)


def log_to(path, mode):
    """Send what is logged, and Python's warnings, to a file, opened in `mode` "w" or "a"; return its handler."""
    handler = LogFile(path, mode=mode, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    for logger in LOGGERS:
        logger.addHandler(handler)
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    return handler


@contextmanager
def stage(snakemake):
    """Send the log to the rule's log file; turn an exception into one line on the terminal, traceback in the log."""
    handler = log_to(snakemake.log[0], mode="w")
    handlers = {signal.SIGTERM: stop, signal.SIGUSR1: overhear}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    log.info("%s on %s, process %d", snakemake.rule, platform.node(), os.getpid())
    try:
        yield
    except KeyboardInterrupt:
        log.error("interrupted")
        raise SystemExit(130) from None  # as shells count Ctrl-C
    except Exception as error:
        log.error(traceback.format_exc())
        unforeseen = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        text = str(error) if isinstance(error, BadInput) else unforeseen
        log.error("ERROR %s", text)
        where = traceback.format_exc() if handler.failed else f"(traceback: {snakemake.log[0]})"
        print(f"\nERROR in {snakemake.rule}: {text}\n{where}\n", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        for number, former in before.items():
            signal.signal(number, former)
        for logger in LOGGERS:
            logger.removeHandler(handler)
        with suppress(OSError):  # a full disk, told already
            handler.close()
