"""What every stage's script does around its work: log to its file, and fail in one readable line."""

import logging
import sys
import traceback
from contextlib import contextmanager

log = logging.getLogger("pretrain_or_not")


class BadInput(Exception):
    """The user's data or config is at fault; the message names the place and says what would be right."""


@contextmanager
def stage(snakemake):
    """Send the log to the rule's log file; turn an exception into one line on the terminal, traceback in the log."""
    handler = logging.FileHandler(snakemake.log[0], mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(handler)
    try:
        yield
    except Exception as error:
        log.error(traceback.format_exc())
        text = str(error) if isinstance(error, BadInput) else f"{type(error).__name__}: {error}"
        log.error("ERROR %s", text)
        print(f"\nERROR in {snakemake.rule}: {text}\n(traceback: {snakemake.log[0]})\n", file=sys.stderr)
        raise SystemExit(1) from None
