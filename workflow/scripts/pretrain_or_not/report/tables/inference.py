"""Table 2: inference time per example."""

import pandas as pd
import pyarrow as pa

from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.job import log
from pretrain_or_not.report.frames import read_frame
from pretrain_or_not.report.numbers import MISSING, millions, with_spread
from pretrain_or_not.report.table import Table, write_forms

SETTING = ["device", "device_name", "batch_size", "sequence_length", "threads", "precision"]


def read_timings(paths):
    """Return all repetitions of all timings, one row each."""
    return pd.concat(map(read_frame, paths), ignore_index=True)


def summarize(timings, reference):
    """Return one row per arm and setting: milliseconds per example, peak memory, speed-up over the reference arm.

    Time is given as mean, standard deviation and median of the repetitions. The speed-up is the ratio of the medians in
    the same setting, as one slow repetition does not change a median; it is missing where the reference arm was not
    timed.
    """
    timings = timings.assign(ms=1000 * timings["seconds"] / timings["batch_size"])
    table = timings.groupby([*SETTING, "arm", "family"], sort=False, as_index=False).agg(
        repetitions=("ms", "size"), ms_mean=("ms", "mean"), ms_sd=("ms", "std"), ms_median=("ms", "median"),
        peak_memory_mb=("peak_memory_mb", "max"), parameters=("parameters", "first"),
        parameters_embedding=("parameters_embedding", "first"),
    )  # fmt: skip
    theirs = table[table["arm"] == reference].set_index(SETTING)["ms_median"].rename("reference_ms")
    table = table.join(theirs, on=SETTING)
    table["speed_up"] = table["reference_ms"] / table["ms_median"]
    return table.drop(columns="reference_ms")


def ratio(value):
    """Return a speed-up as text in two or three digits: ``× 23``."""
    return MISSING if value != value else f"× {value:.0f}" if value >= 10 else f"× {value:.1f}"


def as_table(rows, reference, study):
    """Return the rows as a `Table`.

    reference: title of the reference arm. study: name of the study and what it found.
    """
    cells = [
        [row["arm_title"], row["device"], f"{row['batch_size']:,}", f"{row['sequence_length']:,}",
         with_spread(row["ms_mean"], row["ms_sd"], 3 if row["ms_mean"] < 1 else 2), ratio(row["speed_up"]),
         f"{row['peak_memory_mb']:,}", millions(row["parameters"])]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    columns = ["Arm", "Device", "Batch", "Tokens", "ms per example", "Speed-up", "Memory (MiB)", "Parameters (M)"]
    setting = rows[SETTING].apply(tuple, axis=1)
    counts = sorted(set(rows["repetitions"]))
    notes = [
        f"Mean ± standard deviation of {counts[0] if len(counts) == 1 else f'{counts[0]} to {counts[-1]}'} batches.",
        f"Speed-up: over {reference}, ratio of medians." if rows["speed_up"].notna().any() else "",
        "Memory: the peak; on a CPU, of the whole process.",
        f"On {'; '.join(dict.fromkeys(map(where, rows.to_dict('records'))))}.",
        f"{study['name']} report {study['speed_up']}." if set(study["timed"]) <= set(rows["family"]) else "",
    ]
    return Table(
        "Inference time of one example, random tokens without padding",
        columns,
        cells,
        words=2,
        groups=[i for i in range(1, len(rows)) if setting.iloc[i] != setting.iloc[i - 1]],
        notes=[note for note in notes if note],
    )


def where(setting):
    """Return in words what a setting was timed on: device, threads and precision."""
    threads = f", {setting['threads']} thread{'s' * (setting['threads'] > 1)}"
    return f"{setting['device_name']}{threads * (setting['device'] == 'cpu')}, {setting['precision']}"


def table_inference(timings, reference, titles, study, outputs):
    """Write the table in all its forms; the first of `outputs` is the Parquet file.

    timings: one path per timing. reference: name of the reference arm. titles: of the arms, by name.
    """
    rows = summarize(read_timings(timings), reference)
    rows["arm_title"] = rows["arm"].map(titles)
    write_table(outputs[0], pa.Table.from_pandas(rows, preserve_index=False), reference=reference)
    write_forms([as_table(rows, titles[reference], study)], outputs[1:])
    log.info("%s", rows[["arm", "ms_median", "speed_up"]].to_string())
