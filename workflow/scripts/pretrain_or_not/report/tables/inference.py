"""Table 2: inference time per text, one table per dataset."""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa

from pretrain_or_not.config.numbers import MISSING, millions
from pretrain_or_not.evaluation.repetitions import TEXT, TOKENS
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.job import log
from pretrain_or_not.report.table import Table, write_forms
from pretrain_or_not.report.times import busy_words, measurements, milliseconds, ratio

MARK = "†"


def as_table(rows: pd.DataFrame, reference: str, study: dict) -> Table:
    """Return the rows of one dataset as a `Table`: one line per arm, device and number of texts at once.

    rows: of `measurements`, with titles. reference: title of the reference arm. study: name of the study and what it
    found.
    """
    setting = ["device", "batch_size"]
    lines: list[list[str]] = []
    groups: list[int] = []
    for i, (_, group) in enumerate(rows.groupby(setting, sort=False)):
        groups += [len(lines)] if i else []
        for _, found in group.groupby("arm", sort=False):
            by_start = {row["start"]: row for row in found.to_dict("records")}
            first = by_start.get(TEXT) or by_start[TOKENS]
            lines.append([
                first["arm_title"], first["device"], f"{first['batch_size']:,}",
                *(cell(by_start.get(start)) for start in (TEXT, TOKENS)), ratio(first["speed_up"]),
                f"{max(found['peak_memory_mb']):,}", millions(first["parameters"]),
                millions(first["parameters_embedding"]),
            ])  # fmt: skip
    columns = ["Arm", "Device", "Texts at once", "From text (ms)", "From tokens (ms)", "Speed-up", "Memory (MB)",
               "Parameters (M)", "embeddings (M)"]  # fmt: skip
    return Table(
        f"{rows['dataset_title'].iloc[0]}: time to classify a text",
        columns,
        lines,
        words=2,
        groups=groups,
        notes=notes(rows, reference, study),
        label=f"inference-{rows['dataset'].iloc[0]}",
    )


def cell(row):
    """Return the time of a measurement as text, marked where the machine was busy. row: None if there is none."""
    return MISSING if row is None else f"{milliseconds(row['ms'])}{MARK * bool(row['busy'])}"


def notes(rows, reference, study):
    """Return the sentences below a table."""
    off = max((rows["ms_high"] / rows["ms"]).max() - 1, 1 - (rows["ms_low"] / rows["ms"]).min())
    length = rows["length"].iloc[0]
    texts = "test texts" if pd.isna(length) else f"{int(length):,} tokens of test texts, without padding"
    found = [
        f"Milliseconds per text until the class is known, for {texts}: the median of {spread(rows['repetitions'])} "
        f"repetitions; its 95 % interval reaches at most {math.ceil(100 * off - 1e-9)} % from it. It is about one "
        "process.",
    ]
    if rows["start"].eq(TEXT).any() and set(rows["arm"]) > set(rows.loc[rows["start"] == TOKENS, "arm"]):
        found.append("An arm without a time from tokens reads texts.")
    if rows["speed_up"].notna().any():
        start = "text" if rows["start"].eq(TEXT).any() else "tokens"
        found.append(f"Speed-up: over {reference}, from {start}.")
    found.append("Memory: the peak; on a CPU, of the whole process.")
    found.append(f"On {'; '.join(dict.fromkeys(map(where, rows.to_dict('records'))))}.")
    if rows["busy"].any():
        words = busy_words(rows[rows["busy"]])
        found.append(f"{MARK} {words[0].upper()}{words[1:]}.")
    if set(study["timed"]) <= set(rows["family"]):
        found.append(f"{study['name']} report {study['speed_up']}.")
    return found


def spread(values):
    """Return the range of whole numbers as text: ``30``, ``6 to 100``."""
    low, high = values.min(), values.max()
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def where(row):
    """Return in words what an arm was timed on: device and threads."""
    threads = f", {row['threads']} thread{'s' * (row['threads'] > 1)}"
    return f"{row['device_name']}{threads * (row['device'] == 'cpu')}"


def table_inference(timings: list, reference: str, titles: dict, study: dict, shown: dict, outputs: list) -> None:
    """Write the tables in all their forms; the first of `outputs` is the Parquet file: see `measurements`.

    timings: one path per timing. reference: name of the reference arm. titles: see `Catalogue.titles`. shown: see
    `measurements`.
    """
    rows = measurements(timings, reference, shown)
    for column in ("dataset", "arm"):
        rows[f"{column}_title"] = rows[column].map(titles[column])
    write_table(outputs[0], pa.Table.from_pandas(rows, preserve_index=False), reference=reference)
    parts = [part for _, part in rows.groupby("dataset", sort=False)]
    write_forms([as_table(part, titles["arm"].get(reference, reference), study) for part in parts], outputs[1:])
    log.info("%s", rows[["arm", "batch_size", "start", "ms", "speed_up"]].to_string())
