"""Inference times as numbers with their words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pretrain_or_not.compute.clock import BUSY
from pretrain_or_not.config.numbers import MISSING, number
from pretrain_or_not.evaluation.arm_tables import in_all_datasets
from pretrain_or_not.evaluation.repetitions import TEXT, TOKENS, median_interval
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.report.frames import read_frame

# What times must have in common to be compared.
SETTING = ["dataset", "device", "device_name", "batch_size", "length", "threads"]


FASTEST = 0.001  # milliseconds; nobody needs to know a shorter time

LARGEST_RATIO = 1000


def measurements(paths: Sequence[PathLike], reference: str, shown: dict) -> pd.DataFrame:
    """Return one row per arm, setting and start (text or tokens), from the files of timings.

    `ms` is the time per text in milliseconds, the median of the repetitions, with its 95 % interval, `ms_low` and
    `ms_high`. `cpu_ms` is the part of it in which the thread that classifies computed, and `busy` marks where that is
    less than BUSY of it: other work had the CPU. `speed_up` is the ratio to the time of the reference arm in the same
    setting; it is missing where that was not timed. On a GPU, `cpu_ms` is missing: the CPU waits. `shown` marks the
    times that figures show: from the text or, with a length, from tokens. shown: `device` and `batch_size` of these.
    """
    rows = []
    same = [*SETTING, "start", "arm", "family", "size", "n", "seed", "precision", "texts", "tokens", "cpu_share"]
    same += ["parameters", "parameters_trained", "parameters_embedding"]
    for path in paths:
        timings = read_frame(path)
        for _, repetitions in timings.groupby(["batch_size", "start"], sort=False):
            first = repetitions.iloc[0]
            seconds = (repetitions["seconds"] / first["texts"]).tolist()
            low, high = median_interval(seconds)
            ms = {"ms": 1000 * float(pd.Series(seconds).median()), "ms_low": 1000 * low, "ms_high": 1000 * high}
            counts = {"repetitions": len(seconds), "peak_memory_mb": int(repetitions["peak_memory_mb"].max())}
            rows.append({key: first[key] for key in same} | ms | counts)
    table = pd.DataFrame(rows)
    table["cpu_ms"] = table["cpu_share"].clip(upper=1) * table["ms"]
    table["busy"] = table["cpu_share"] < BUSY
    start = TEXT if table["length"].isna().all() else TOKENS
    table["shown"] = table["start"].eq(start) & table[list(shown)].eq(pd.Series(shown)).all(axis=1)
    place = [*SETTING, "start"]
    theirs = table[table["arm"] == reference].set_index(place)["ms"].rename("reference_ms")
    table = table.merge(theirs.reset_index(), how="left", on=place)
    return table.assign(speed_up=table["reference_ms"] / table["ms"]).drop(columns="reference_ms")


def with_times(scores: pd.DataFrame, times: pd.DataFrame | None) -> pd.DataFrame:
    """Return rows of scores.parquet with the shown time of their arm: `ms`, `busy`, `start`, `timed_on`, `batch_size`.

    times: rows of tables/inference.parquet, None if nothing was timed. Arms that were not timed have no `ms`. Times of
    a length hold in all datasets.
    """
    if times is None:
        return scores.assign(ms=float("nan"), busy=False, start="", timed_on="", batch_size=0)
    rows = in_all_datasets(times[times["shown"]], dict.fromkeys(scores["dataset"])).rename(
        columns={"device": "timed_on"}
    )
    keys = ["dataset", "arm"]
    merged = scores.merge(rows[[*keys, "ms", "busy", "start", "timed_on", "batch_size"]], how="left", on=keys)
    return merged.assign(busy=merged["busy"].eq(True))


def milliseconds(value: float) -> str:
    """Return milliseconds with three digits, and not more than three decimals: ``120``, ``2.31``, ``0.042``."""
    if value < FASTEST:
        return f"under {FASTEST}"
    return number(value, 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3)


def ratio(value: float) -> str:
    """Return a speed-up in two digits: ``× 23``, ``× 0.4``; a ratio above 1,000 says no more than that."""
    if value != value:
        return MISSING
    if value > LARGEST_RATIO:
        return f"over {LARGEST_RATIO:,}"
    return f"× {float(f'{value:.2g}'):,.0f}" if value >= 10 else f"× {value:.1f}" if value >= 0.1 else f"× {value:.2g}"


def at_once(batch_size: int) -> str:
    """Return in words how many texts are classified together."""
    return "one at a time" if batch_size == 1 else f"{batch_size:,} at a time"


def busy_words(rows: pd.DataFrame) -> str:
    """Return in words that the machine was busy, and what to do. rows: those that are marked, at least one."""
    low, high = (f"{100 * end:.0f}" for end in (rows["cpu_share"].min(), rows["cpu_share"].max()))
    share = low if low == high else f"{low} to {high}"
    return (
        f"the machine was busy, and the CPU computed for {share} % of the time only, so these times are too long; to "
        "time again while nothing else runs: the same command with --forcerun time_inference"
    )
