"""Say on the terminal in one line why a job failed, in place of what Snakemake says about it."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# What Snakemake says at the end of a failed run, or about a job that has told its error itself. It stays in the log
# file of Snakemake.
WORDS_AT_THE_END = re.compile(
    r"Shutting down, this might take|Exiting because a job execution failed|Complete log\(s\)|Elapsed time|"
    r"--keep-incomplete mode is set|WorkflowError:\s+At least one job did not complete"
)
WORDS_ABOUT_A_JOB = re.compile(r"RuleException:\s+CalledProcessError.*returned non-zero exit status", re.DOTALL)

# A mistake that the Snakefile reports, with the place in the Snakefile.
WORDS_AROUND_A_MISTAKE = re.compile(
    r'WorkflowError in file "[^"\n]+", line \d+:\n(.*?)(?:\n  File "[^\n]+)*\s*\Z', re.DOTALL
)


class ShortErrors(logging.Filter):
    """Drops Snakemake's words about jobs whose own log says in one line why they failed; collects these lines.

    A mistake that the Snakefile reports loses the lines about its place in the Snakefile.

    elsewhere: whether jobs run on other machines, so that they cannot print the line on this terminal themselves.
    """

    def __init__(self, elsewhere: Callable[[], bool]):
        super().__init__()
        self.elsewhere, self.started = elsewhere, time.time()
        self.errors: dict[str, None] = {}  # in order
        self.shown_since = 0  # lines on the terminal after the last error

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record of Snakemake's logger is shown on the terminal."""
        event, text = str(getattr(record, "event", "")), str(record.msg)
        if event in ("job_error", "group_error"):
            jobs = [vars(record)] if event == "job_error" else vars(record)["job_error_info"]
            shown = not self.tell(jobs)
        elif WORDS_AT_THE_END.match(text):
            shown = not self.errors
        else:
            if found := WORDS_AROUND_A_MISTAKE.match(text):
                record.msg = found[1]
            shown = not WORDS_ABOUT_A_JOB.match(text)
        self.shown_since += shown
        return shown

    def tell(self, jobs: Iterable[dict]) -> bool:
        """Note why jobs failed; return whether any of them says so in its log. jobs: with `rule_name` and `log`."""
        told = [
            f"ERROR in {job['rule_name']}: {reason} (log: {log})"
            for job in jobs
            for log in job["log"]
            if (reason := self.reason(Path(log)))
        ]
        if told:
            self.errors |= dict.fromkeys(told)
            self.shown_since = 0
            if self.elsewhere():
                print(*told, sep="\n", file=sys.stderr)
        return bool(told)

    def reason(self, log: Path) -> str | None:
        """Return the error that `job.job` wrote at the end of a log in this run of Snakemake, otherwise None."""
        try:
            if log.stat().st_mtime < self.started:
                return None
            found = re.findall(r"^[\d:]+ ERROR (.+)$", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        except OSError:
            return None
        return found[-1] if found else None

    def repeated(self) -> str:
        """Return the errors once more, or an empty string if they are the last lines on the terminal already."""
        return "\n".join(self.errors) if self.shown_since else ""


def shorten_errors(logger: logging.Logger, elsewhere: Callable[[], bool]) -> ShortErrors:
    """Apply `ShortErrors` to what Snakemake's logger shows on the terminal, and return it."""
    short = ShortErrors(elsewhere)
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(short)
    return short
