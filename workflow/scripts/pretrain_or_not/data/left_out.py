"""Tell which rows of a batch are left out of a data set, by reason."""

import pyarrow as pa
import pyarrow.compute as pc

# Nothing that can be seen: white space, control and format characters, variation selectors, fillers.
BLANK = r"^[\s\pZ\p{Cc}\p{Cf}\x{FE00}-\x{FE0F}\x{034F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{2800}\x{3164}\x{FFA0}]*$"


def kept_rows(table, ignored):
    """Return the rows of a table that are kept, and how many are left out: {reason: rows}.

    table: columns `text` and `label`, and others. ignored: raw labels to leave out.
    """
    blank = is_blank(table["text"])
    unlabelled = pc.and_not(is_blank(table["label"]), blank)
    neither = pc.or_(blank, unlabelled)
    unwanted = pc.and_not(pc.is_in(table["label"], pa.array(ignored, pa.string())), neither)
    reasons = {"blank or null text": blank, "no label": unlabelled, "label in ignore_labels": unwanted}
    counts = {reason: pc.sum(rows).as_py() or 0 for reason, rows in reasons.items()}
    return table.filter(pc.invert(pc.or_(neither, unwanted))), counts


def is_blank(column):
    """Return whether each value of a column of text is null, or holds nothing that can be seen."""
    return pc.fill_null(pc.match_substring_regex(column, BLANK), True)
