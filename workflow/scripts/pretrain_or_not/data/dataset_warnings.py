"""Say in plain sentences what is doubtful about an ingested data set."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from decimal import Decimal

from pretrain_or_not.config.labels import shown
from pretrain_or_not.config.names import first_of
from pretrain_or_not.config.splits import SPLITS
from pretrain_or_not.config.wording import did_you_mean
from pretrain_or_not.data.left_out import BY_WHERE, FIRST_KEPT, reasons_of
from pretrain_or_not.errors import BadInput

MOST_NAMED = 8

MOST_DIFFERENT = 0.5  # labels per row

FEW_TESTED = 200  # rows; below, an accuracy of 80 % is known to 6 points at best

FEW = 0.05  # of the rows may be left out without a warning

# Reasons for leaving rows out that the user has asked for, or that count texts.
ASKED_FOR = (
    "train, near-duplicate in another split",
    "validation, near-duplicate in another split",
    BY_WHERE,
    "label in ignore_labels",
    FIRST_KEPT,
)

# Cyrillic and Greek letters that look like Latin ones.
LOOK_LIKE = str.maketrans("АВЕКМНОРСТУХаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEKMHOPCTYXaeopcyxisjABEZHIKMNOPTYXo")

NO_VALUE = {"na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "nil", "-", "?"}  # in lower case

TRUTH = {"true": "1", "yes": "1", "false": "0", "no": "0"}


def check_classes(rows_per_class: dict) -> None:
    """Raise BadInput if the training rows have one class, or none of the classes of another split.

    rows_per_class: split -> class -> rows; with folds, all rows are training rows.
    """
    classes = {split: [name for name, rows in rows_per_class[split].items() if rows] for split in SPLITS}
    if len(classes["train"]) == 1:
        raise BadInput(
            f"all training rows have the label {written(classes['train'][0])}; a classifier needs two classes"
        )
    total = sum(sum(rows.values()) for rows in rows_per_class.values())
    different = {name for split in SPLITS for name in classes[split]}
    if len(different) > MOST_DIFFERENT * total:
        raise BadInput(
            f"{len(different):,} different labels in {total:,} rows: is `label:` the right column? Numbers to predict "
            "(regression) are not supported"
        )
    for split in ("validation", "test"):
        if classes[split] and not set(classes[split]) & set(classes["train"]):
            raise BadInput(
                f"no label of the {split} rows ({named(classes[split])}) occurs in the training rows "
                f"({named(classes['train'])}); write the same labels in both, or map them to classes by `labels:`"
            )


def warnings_about(facts: dict, before: dict) -> list[str]:
    """Return what is doubtful about a data set as sentences.

    facts: the content of its dataset.json so far. before: split -> rows, before near-duplicates were removed.
    """
    if not facts["label_names"]:
        repeated = repeated_texts(facts["copies"]["train"], before["train"])
        return [*left_out(facts["dropped"], facts["read"]), *repeated]
    rows_per_class = facts["rows_per_class"]
    total = {name: sum(rows_per_class[split][name] for split in SPLITS) for name in facts["label_names"]}
    return [
        *unlearnable(rows_per_class),
        *look_alikes(total),
        *placeholders(total),
        *nested(total),
        *joined(total),
        *unused(facts["unused_labels"], facts["label_names"]),
        *contradictions(facts["contradicted"], facts["read"], bool(facts["dropped"].get(FIRST_KEPT))),
        *left_out(facts["dropped"], facts["read"]),
        *copied(facts["copies"], before, facts["folds"]),
        *repetitions(facts.get("near_duplicates"), facts["rows"]),
        *dependent(facts.get("group")),
        *untested(facts),
        *few_tested(facts),
        *thin(facts),
    ]


def dependent(group):
    """Yield a sentence if rows are kept together by a column: intervals take each row for itself."""
    if group is not None:
        yield (
            f"Rows with the same value of {group!r} are in one split. Intervals take test rows as independent: if "
            "those of one value are alike, the intervals are too narrow."
        )


def unlearnable(rows_per_class):
    """Yield a sentence per split with classes that the training rows lack."""
    for split in ("validation", "test"):
        lacking = {name: n for name, n in rows_per_class[split].items() if n and not rows_per_class["train"][name]}
        if lacking:
            verb = "has" if len(lacking) == 1 else "have"
            n, all_rows = sum(lacking.values()), sum(rows_per_class[split].values())
            yield f"{n:,} of {all_rows:,} {split} rows cannot be predicted: {named(lacking)} {verb} no training row."


def look_alikes(total):
    """Yield a sentence per group of classes whose names look the same. total: class -> rows."""
    groups = defaultdict(list)
    for name in total:
        groups[looks(name)].append(name)
    for names in groups.values():
        if len(names) > 1:
            yield (
                f"The classes {with_rows(names, total)} look the same; if they are one class, join them by `labels:`, "
                "where each label is named."
            )


def placeholders(total):
    """Yield a sentence if classes are called what programs write in place of a missing value. total: class -> rows."""
    odd = [name for name in total if name.casefold() in NO_VALUE]
    if odd:
        it, rows = "it stands" if len(odd) == 1 else "they stand", with_rows(odd, total)
        yield f"{rows} may be no label: if {it} for a missing one, leave the rows out by `ignore_labels:`."


def looks(name):
    """Return what is left of a name without case, spacing, invisible characters, and forms of numbers and truth."""
    text = unicodedata.normalize("NFKC", name.translate(LOOK_LIKE)).casefold()
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") and not "\ufe00" <= c <= "\ufe0f")
    text = " ".join(text.split())
    if re.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?", text):  # exactly: the numbers of classes may differ in the last digit
        integer, _, decimals = f"{Decimal(text) or 0:f}".partition(".")
        return f"{integer}.{decimals.rstrip('0')}".rstrip(".")
    return TRUTH.get(text, text)


def written(name):
    """Return a name in quotes; accents and letters outside ASCII as codes where that tells it from its look-alikes."""
    plain = unicodedata.normalize("NFC", name)
    odd = plain != name or name.translate(LOOK_LIKE) != name or any(unicodedata.category(c) == "Cf" for c in name)
    return shown(name, ascii if odd else repr)


def nested(total):
    """Yield a sentence if names of classes look like lists, structures or bytes that were written as text."""
    odd = [name for name in total if re.fullmatch(r"""\[.*\]|\{.*\}|\(.*,.*\)|b'.*'|b".*\"""", name, re.DOTALL)]
    if odd:
        yield (
            f"{len(odd)} of {len(total)} classes look like lists or structures written as text ({named(odd)}); each "
            "combination is a class of its own: several labels per text (multi-label) are not supported."
        )


def joined(total):
    """Yield a sentence if names of classes are names of other classes, joined by a separator."""
    for separator in ",;|/+":
        parts = {name: [part.strip() for part in name.split(separator)] for name in total if separator in name}
        odd = [name for name, several in parts.items() if len(set(several)) > 1 and set(several) & total.keys()]
        if odd:
            yield (
                f"{len(odd)} of {len(total)} classes look like several labels joined by {separator!r} ({named(odd)}); "
                "each combination is a class of its own: several labels per text (multi-label) are not supported."
            )


def unused(labels, classes):
    """Yield a sentence if no row has some labels that the config names. classes: names of the classes."""
    if labels:
        hint = did_you_mean(labels[0], classes) if len(labels) == 1 else ""
        yield f"No row has the label {named(labels)}, which `labels:` or `ignore_labels:` names{hint or '.'}"


def contradictions(contradicted, read, first_kept):
    """Yield a sentence if equal texts have different labels. first_kept: whether one row of each text is kept."""
    if contradicted["texts"]:
        n = contradicted["texts"]
        texts = "1 text occurs" if n == 1 else f"{n:,} texts occur"
        rows = f"{contradicted['rows']:,} of {rows_of(read)}"
        then = (
            "one row of each text is kept, whose label may be wrong"
            if first_kept
            else "not all of them can be predicted"
        )
        yield f"{texts} with different labels ({rows}): {then}."


def left_out(dropped, read):
    """Yield a sentence if more than FEW of the rows were left out."""
    reasons = {reason: n for reason, n in dropped.items() if n and reason not in ASKED_FOR}
    n = sum(reasons.values())
    if n > FEW * read:
        yield f"{n:,} of {rows_of(read)} ({100 * n / read:.0f} %) are left out ({reasons_of(reasons)})."


def repeated_texts(n, rows):
    """Yield a sentence if more than FEW of the texts without labels repeat another one."""
    if n > FEW * rows:
        yield (
            f"{n:,} of {rows:,} texts repeat one that comes before them: a model that is pretrained on them is "
            "measured on held-out texts that it has read. Keep one of each by `deduplicate: all`."
        )


def copied(copies, rows, folds):
    """Yield a sentence if more than FEW of a split's rows repeat another row of it. copies, rows: split -> rows."""
    many = {split: n for split, n in copies.items() if n > FEW * rows[split]}
    if many:
        of = {split: "" if folds else f" {'training' if split == 'train' else split}" for split in many}
        which = ", ".join(f"{n:,} of {rows[split]:,}{of[split]} rows" for split, n in many.items())
        so = ["a number of labels counts copies"] if "train" in many else []
        so += ["intervals take test rows as independent, so they are too narrow"] if folds or "test" in many else []
        yield (
            f"{which} repeat a text that comes before them in the same {'data' if folds else 'split'}"
            f"{': ' if so else ''}{', and '.join(so)}. Keep one of each text by `deduplicate: all`."
        )


def repetitions(found, rows):
    """Yield a sentence if texts nearly repeat those of a later split, and stay. rows: split -> rows."""
    if found and not found["looked_for"]:
        yield (
            "Near-duplicates between splits were not looked for in so many rows; set `near_duplicates: count` to do "
            "so, or `ignore` to be silent about it."
        )
    elif found and "within" in found:
        n = found["within"]
        if n:
            yield (
                f"{n:,} of {rows['train']:,} rows nearly repeat another row. Where the two are in different folds, "
                "accuracy may be too high; leave such copies out of the file, or keep them together by `group`."
            )
    elif found and not found["removed"] and sum(found["rows"].values()):
        names = {"train": "training", "validation": "validation"}
        which = [f"{n:,} {names[split]} row{'' if n == 1 else 's'}" for split, n in found["rows"].items() if n]
        verb = "repeats" if sum(found["rows"].values()) == 1 else "repeat"
        copies = [f"{n:,} of {rows[split]:,} {split} rows" for split, n in found["repeated"].items() if n]
        yield (
            f"{' and '.join(which)} nearly {verb} a text of a later split ({' and '.join(copies)} have such a copy), "
            "so that accuracy may be too high; remove them by `near_duplicates: remove`."
        )


def untested(facts):
    """Yield a sentence per split that lacks classes of the training rows. With folds, each row is tested."""
    then = {"validation": "what is chosen by validation takes no account of", "test": "scores say nothing about"}
    per_class = facts["rows_per_class"]
    for split in ("validation", "test") if not facts["folds"] else ():
        lacking = {name: n for name, n in per_class["train"].items() if n and not per_class[split][name]}
        if lacking and sum(per_class[split].values()):
            verb, them = ("has", "it") if len(lacking) == 1 else ("have", "them")
            yield f"{named(lacking)} {verb} no {split} row: {then[split]} {them}."


def few_tested(facts):
    """Yield a sentence if few rows are tested, with half of the 95 % interval of an accuracy of 80 %."""
    n = facts["rows"]["test"]
    if not facts["folds"] and 0 < n < FEW_TESTED:
        reach = 100 * 1.96 * math.sqrt(0.8 * 0.2 / n)
        yield (
            f"The test split has only {rows_of(n)}: with them, an accuracy of 80 % is known to ± {reach:.0f} points. "
            "Take more test rows or, if the data come without splits, test on every row by `folds`."
        )


def thin(facts):
    """Yield a sentence if classes have fewer rows than there are folds: some folds neither train on nor test them."""
    folds = facts["folds"]["folds"] if facts["folds"] else 0
    few = {name: n for name, n in facts["rows_per_class"]["train"].items() if 0 < n < folds}
    if few:
        verb, it = ("has", "it") if len(few) == 1 else ("have", "them")
        yield (
            f"{named(few)} {verb} fewer rows than there are folds ({folds}): some folds are tested without {it}. Join "
            f"classes by `labels:`, or take fewer folds."
        )


def with_rows(names, total):
    """Return names in quotes, each with its number of rows. total: class -> rows."""
    return " and ".join(f"{written(name)} ({rows_of(total[name])})" for name in names)


def rows_of(n):
    """Return a number of rows in words."""
    return f"{n:,} row{'' if n == 1 else 's'}"


def named(names):
    """Return some names in quotes."""
    return first_of([written(name) for name in names], MOST_NAMED)
