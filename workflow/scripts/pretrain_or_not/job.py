"""Run a job of the workflow with a log of its own, so that it fails in one readable line."""

import logging
import os
import platform
import signal
import sys
import traceback
from contextlib import contextmanager, suppress

from pretrain_or_not.errors import BadInput

log = logging.getLogger("pretrain_or_not")

LOGGERS = (log, logging.getLogger("py.warnings"))


class LogFile(logging.FileHandler):
    """A log that never stops the work: if it cannot be written (disk full), it says so once and continues."""

    failed = False

    def emit(self, record):
        """Write a record; an error in opening the file is handled too."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record):
        """Print once on the terminal why the log ends."""
        if not self.failed:
            self.failed = True
            print(f"{self.baseFilename}: cannot be written: {sys.exc_info()[1]}", file=sys.stderr)


def end_on_signal(signum, frame):
    """End the process through its `finally` blocks, so that no temporary file is left."""
    log.error("stopped by %s", signal.Signals(signum).name)
    raise SystemExit(128 + signum)


def note_signal(signum, frame):
    """Log a cluster's warning before a time limit (SIGUSR1), and continue: only training acts on it."""
    log.info("%s: the time limit is near", signal.Signals(signum).name)


def log_to(path, mode):
    """Send log messages and Python's warnings to a file, opened in `mode` "w" or "a"; return its handler."""
    handler = LogFile(path, mode=mode, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    for logger in LOGGERS:
        logger.addHandler(handler)
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    return handler


def say(text):
    """Log a sentence that the user should see, and print it on the terminal."""
    log.info("%s", text)
    print(text, file=sys.stderr)


def warn(text):
    """Log a warning that the user should see, and print it on the terminal."""
    log.warning("WARNING %s", text)
    print(f"WARNING {text}", file=sys.stderr)


@contextmanager
def job(snakemake):
    """Log to the rule's log file; turn an exception into one line on the terminal, with its traceback in the log."""
    handler = log_to(snakemake.log[0], mode="w")
    handlers = {signal.SIGTERM: end_on_signal, signal.SIGUSR1: note_signal}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    log.info("%s on %s, process %d", snakemake.rule, platform.node(), os.getpid())
    try:
        yield
    except KeyboardInterrupt:
        log.error("interrupted")
        raise SystemExit(130) from None  # the exit status that shells use for Ctrl-C
    except Exception as error:
        log.error(traceback.format_exc())
        unforeseen = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        text = str(error) if isinstance(error, BadInput) else unforeseen
        log.error("ERROR %s", text)
        where = f"\n{traceback.format_exc()}" if handler.failed else f" (log: {snakemake.log[0]})"
        print(f"ERROR in {snakemake.rule}: {text}{where}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        for number, former in before.items():
            signal.signal(number, former)
        for logger in LOGGERS:
            logger.removeHandler(handler)
        with suppress(OSError):  # a full disk, which is reported already
            handler.close()
