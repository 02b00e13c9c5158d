"""Say what a model's ONNX graphs need, in a table on the terminal."""

from __future__ import annotations

from pretrain_or_not.config.numbers import number
from pretrain_or_not.evaluation.wilson import Z_95
from pretrain_or_not.report.wording import counted

BUSY = 1.1  # wall time over processor time, above which another program has had the processor

FASTER = 1.1  # smaller ratios are not called a gain

COSTLY = 1.0  # points of accuracy


def comparison_lines(result: dict) -> list[str]:
    """Return the lines of a comparison. result: see `evaluation.onnx_comparison.compare`."""
    variants, threads = result["variants"], counted(result["threads"], "thread")
    waited = max(v["ms_per_text"][size] / v["cpu_ms_per_text"][size] for v in variants for size in v["ms_per_text"])
    key = "cpu_ms_per_text" if waited > BUSY else "ms_per_text"
    rows = [["", "size", "accuracy", *(f"ms per text, batch {size}" for size in variants[0][key])]]
    for v in variants:
        name = v["name"] if v["precision"] in v["name"] else f"{v['name']} ({v['precision']})"
        times = [f"{ms:.2f}" for ms in v[key].values()]
        rows.append([name, f"{v['bytes'] / 1e6:.1f} MB", f"{number(100 * v['accuracy'], 1)} %", *times])
    lines = [
        f"On {counted(result['texts'], 'text')} of {result['source']} ({result['tokens_per_text']:.0f} tokens on "
        f"average), {threads} of {result['device']}:",
        *aligned(rows),
    ]
    if waited > BUSY:
        lines.append(
            "The machine was busy: the times are those of the processor. Waiting included, they were up to "
            f"{waited:.1f} times as long."
        )
    if result["left_out"]:
        lines.append(f"{counted(result['left_out'], 'row')} without text or label left out.")
    best = [f"{min(variants, key=lambda v: v[key][size])['name']} in batches of {size}" for size in variants[0][key]]
    lines.append(f"Fastest here: {', '.join(best)}.")
    named = {v["name"]: v for v in variants}
    if "ONNX int8" in named:
        lines += int8_lines(named["ONNX"], named["ONNX int8"], result["texts"], key)
    return lines


def aligned(rows):
    """Return the rows of a table as lines with columns of one width; all columns but the first end at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def int8_lines(graph, int8, texts, key):
    """Return what 8 bits change, and whether they help. key: of the times to compare."""
    behind = int8["points_behind_original"]
    least, most = (behind["mean"] + sign * Z_95 * behind["standard_error"] for sign in (-1, 1))
    low, high = (number(-end, 1, sign=True) for end in (most, least))
    speed = {size: graph[key][size] / int8[key][size] for size in int8[key]}
    speeds = " and ".join(f"{ratio:.1f} times as fast in batches of {size}" for size, ratio in speed.items())
    lines = [
        f"int8: {graph['bytes'] / int8['bytes']:.1f} times smaller than ONNX, {speeds}; "
        f"accuracy {number(-behind['mean'], 1, sign=True)} points (95 % interval: {low} to {high}); "
        f"{int8['other_class_than_original']:,} of {texts:,} texts get another class than from the original."
    ]
    if least > COSTLY:
        lines.append(f"int8 does not help: it costs more than {COSTLY:.0f} point of accuracy. Use model.onnx.")
    elif most > COSTLY:
        lines.append(
            f"int8 may cost more than {COSTLY:.0f} point of accuracy: compare on more texts, or use model.onnx."
        )
    elif max(speed.values()) < FASTER:
        lines.append("int8 does not help the speed on this machine: it only saves space.")
    return lines
