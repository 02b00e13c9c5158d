"""Tell which rows are left out of a data set, by reason."""

import pyarrow as pa
import pyarrow.compute as pc

from pretrain_or_not.config.splits import SPLITS

BY_WHERE = "excluded by `where`"

FIRST_KEPT = "texts with two labels (first one kept)"  # a number of texts, not of rows

# Nothing that can be seen: white space, control and format characters, variation selectors, fillers.
BLANK = r"^[\s\pZ\p{Cc}\p{Cf}\x{FE00}-\x{FE0F}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{2800}\x{3164}\x{FFA0}]*$"


def kept_rows(table, ignored):
    """Return the rows of a table that are kept, and how many are left out: {reason: rows}.

    table: columns `text` and `label`, and others, such as `second_text` and `left_out`, which has the reason of the
    source for leaving a row out, or null. ignored: raw labels to leave out.
    """
    left, reasons = pa.array([False] * table.num_rows, pa.bool_()), {}

    def leave_out(reason, rows):
        """Count the rows that are left out for a reason, unless they are for an earlier one."""
        nonlocal left
        reasons[reason] = pc.sum(pc.and_not(rows, left)).as_py() or 0
        left = pc.or_(left, rows)

    if "left_out" in table.column_names:
        for reason in pc.unique(pc.drop_null(table["left_out"])).to_pylist():
            leave_out(reason, pc.fill_null(pc.equal(table["left_out"], reason), False))
        table = table.drop_columns("left_out")
    leave_out("blank or null text", is_blank(table["text"]))
    if "second_text" in table.column_names:
        leave_out("blank or null second text", is_blank(table["second_text"]))
    leave_out("no label", is_blank(table["label"]))
    leave_out("label in ignore_labels", pc.is_in(table["label"], pa.array(ignored, pa.string())))
    return table.filter(pc.invert(left)), reasons


def is_blank(column):
    """Return whether each value of a column of text is null, or holds nothing that can be seen."""
    return pc.fill_null(pc.match_substring_regex(column, BLANK), True)


def reasons_of(dropped: dict) -> str:
    """Return in words why rows were left out. dropped: reason -> rows; a reason without rows is not named."""
    return ", ".join(f"{reason}: {n:,}" for reason, n in dropped.items() if n)


def summary_of(facts: dict) -> str:
    """Return as a sentence how many rows were read, left out and kept. facts: the content of a dataset.json."""
    gone, rows, classes = reasons_of(facts["dropped"]), facts["rows"], len(facts["label_names"])
    splits = ", ".join(f"{rows[split]:,} {split}" for split in SPLITS if rows[split])
    kept = f"{rows['train']:,} kept" if facts["folds"] or not classes else splits
    return (
        f"{facts['read']:,} rows read{f' (left out: {gone})' if gone else ''}; {kept}"
        f"{f'; {classes:,} classes' if classes else ''}."
    )
