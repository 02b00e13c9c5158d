"""Source `files`: files on disk."""

import glob
from itertools import islice
from pathlib import Path

from pretrain_or_not.config.names import first_of
from pretrain_or_not.config.splits import training_rows_left
from pretrain_or_not.config.wording import listing
from pretrain_or_not.data.class_folders import class_folders, texts_in
from pretrain_or_not.data.columns import columns_of
from pretrain_or_not.data.file_formats import FORMATS, files_by_split, is_archive, is_data, is_zip, named_format
from pretrain_or_not.data.label_map import ignored_labels, label_map_of, mapped
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import unwatched_times

MOST_LOOKED_INTO = 50  # files

MOST_COUNTED = 50_000_000  # bytes of a file whose lines are counted, which takes a tenth of a second

UNLABELLED = ("unsup", "unlabeled", "unlabelled")  # folders of texts without a class


def find_inputs(name, dataset, section="datasets"):
    """Return the paths of all files of a dataset; raise BadInput for those missing or of an unknown format.

    Of a folder per class, they are the folders of the classes. section: of the config in which the dataset is.
    """
    place = f"config: {section}.{name}"
    try:
        columns_of(dataset)
    except BadInput as error:
        raise BadInput(f"{place}.{error}") from error
    paths = [path for paths in expanded(dataset).values() for path in paths]
    for path in paths:
        if not exists(path, dataset) and (what := no_file(path)):
            raise BadInput(f"{place}.files: {path!r} {what}")
    missing = [path for path in dict.fromkeys(paths) if not exists(path, dataset)]
    if missing:
        files = "is no file" if len(missing) == 1 else f"are no files ({len(missing)} of {len(paths)} are missing):"
        names = first_of([repr(path) for path in missing], 20)
        raise BadInput(
            f"{place}.files: there {files} {names} (looked for from {Path.cwd()}); correct the path in the config"
        )
    for path in paths:
        check_format(path, dataset, place)
    if has_class_folders(dataset) and columns_of(dataset).label:
        check_class_folders(dataset, place)
    return [str(file) for path in paths for file in (class_folders(path) if Path(path).is_dir() else [path])]


def exists(path, dataset):
    """Return whether a path is a file or, where texts are in a folder per class, a folder."""
    return Path(path).is_dir() if has_class_folders(dataset) else Path(path).is_file()


def expanded(dataset):
    """Return the files of a dataset as {split: [paths]}; patterns and folders are replaced by the files, sorted.

    A file that several patterns of a split match is there once.
    """
    return {
        split: list(dict.fromkeys(file for path in paths for file in expand(path, dataset)))
        for split, paths in files_by_split(dataset["files"]).items()
    }


def expand(path, dataset):
    """Return the files that a path stands for, sorted; the path itself if it stands for none."""
    if has_class_folders(dataset) or Path(path).is_file():
        return [path]
    if Path(path).is_dir():
        inside = sorted(p for p in Path(path).iterdir() if p.is_file() and p.name[0] not in "._")
        return [str(p) for p in inside if dataset.get("format") or is_data(p)] or [path]
    return sorted(p for p in glob.glob(path, recursive=True) if Path(p).is_file()) or [path]


def has_class_folders(dataset):
    """Return whether a dataset has a folder per class: as its `format` says, or as all of its paths look."""
    if dataset.get("format") is not None:
        return dataset["format"] == "folders"
    paths = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    return all(looks_like_classes(path) for path in paths)


def looks_like_classes(path):
    """Return whether a path is a folder that holds two or more folders of texts, and no data file."""
    if not Path(path).is_dir() or any(is_data(p) for p in Path(path).iterdir() if p.is_file()):
        return False
    folders = class_folders(path)
    return len(folders) > 1 and all(texts_in(folder) for folder in folders)


def check_class_folders(dataset, place):
    """Raise BadInput for a folder of a class that is likely none, unless `labels` or `ignore_labels` names it."""
    found = {
        split: {folder.name for path in paths for folder in class_folders(path)}
        for split, paths in files_by_split(dataset["files"]).items()
    }
    for split, names in found.items():
        if not names:
            raise BadInput(
                f"{place}.files: {dataset['files']!r} has no folders; give the folder that holds the classes"
            )
        for folder in sorted(names - {*ignored_labels(dataset), *(label_map_of(dataset) or ())}):
            others = [other for other in found if other != split and folder not in found[other]]
            if folder.lower() in UNLABELLED or (others and split == "train"):
                why = f"{others[0]} has no such folder" if others else "its name says that its texts have no class"
                raise BadInput(
                    f"{place}: is the folder {folder!r} a class? ({why}); leave its texts out by "
                    f"`ignore_labels: [{folder}]`, or name it in `labels:`"
                )


def no_file(path):
    """Return what a path that is no file is and what to write instead; None if it is only missing."""
    if Path(path).is_dir():
        inside = sorted(p.name for p in Path(path).iterdir() if not p.name.startswith("."))
        return (
            f"is a folder without data files (it holds {listing(inside) or 'nothing'}); name the files, set "
            "`format:`, or set `format: folders` if it has one folder per class"
        )
    if path.startswith("~"):
        home = Path(path).expanduser() if path.startswith("~/") else "the complete path"
        return f"begins with ~, which is not replaced; write {home}"
    if "://" in path:
        return "is an address, not a path; download the file, and name it"
    if glob.has_magic(path):
        return f"is a pattern that no file matches (looked for from {Path.cwd()}); correct it"
    return None


def find_versions(dataset):
    """Return what Snakemake cannot watch, or None.

    Of a folder per class, the number of texts, their bytes, and when the newest one was changed. Otherwise the files
    that patterns and folders stand for (one fewer, or an older one more, would not be noticed), and the times of files
    that have names which Snakemake cannot read.
    """
    paths = [path for paths in expanded(dataset).values() for path in paths]
    if has_class_folders(dataset):
        found = texts_of_classes(paths)
        return {"texts": len(found), "bytes": sum(one.st_size for one in found),
                "newest": max((one.st_mtime_ns for one in found), default=None)}  # fmt: skip
    named = [path for paths in files_by_split(dataset["files"]).values() for path in paths]
    times = unwatched_times(paths)
    versions = {} if paths == named else {"files": paths}
    return (versions | ({"times": times} if times else {})) or None


def class_texts(paths):
    """Return the files of the texts in all folders of classes."""
    return [
        text for path in paths if Path(path).is_dir() for folder in class_folders(path) for text in texts_in(folder)
    ]


def texts_of_classes(paths):
    """Return what the system says of each text in the folders of classes; raise BadInput for one that is not there."""
    try:
        return [Path(text).stat() for text in class_texts(paths)]
    except OSError as error:  # a link to nothing, such as of a file that git-annex has not fetched
        raise BadInput(f"{error.filename}: cannot be read ({error.strerror}); fetch or remove it") from error


def check_format(path, dataset, place):
    """Raise BadInput unless the format of a file is known and, if it is an archive, `member` can be read from it."""
    if is_archive(path) and not dataset.get("member"):
        raise BadInput(f"{place}: {path!r} is a tar archive; name the file in it by `member:` (tar -tf lists them)")
    if named_format(path) is not None:
        return
    from pretrain_or_not.data.readers.form import form_of  # here, because Arrow takes a tenth of a second

    if form_of(path, dataset).kind == "parquet" and (is_archive(path) or is_zip(path)):
        raise BadInput(f"{place}: Parquet is not read inside an archive; unpack {path!r}")


def about(dataset):
    """Return what is said about how the files are read: {"files": {path: number of files}, "guessed": [sentences]}."""
    from pretrain_or_not.data.readers.form import form_of
    from pretrain_or_not.data.readers.options import options_of
    from pretrain_or_not.data.readers.streams import control_bytes

    by_split = files_by_split(dataset["files"])
    counts = {
        path: len(expand(path, dataset)) for paths in by_split.values() for path in paths if not Path(path).is_file()
    }
    sentences, paths = {}, [path for paths in expanded(dataset).values() for path in paths]
    if has_class_folders(dataset):
        counts = {key: value for key, value in find_versions(dataset).items() if key != "newest"}
        paths = class_texts(paths)
        if dataset.get("format") is None:
            sentences["Each folder was taken for a class (`format: folders`)."] = []
    else:
        forms = {path: form_of(path, dataset) for path in paths}
        for path, form in forms.items():
            for guess in form.guesses:
                sentences.setdefault(guess, []).append(path)
        paths = [path for path, form in forms.items() if form.kind != "parquet"]
    number, likely = control_bytes(paths, options_of(dataset))
    if number:
        sentences[
            f"In `encoding: {dataset['encoding']}`, control characters of the files (U+0080 to U+009F: {number:,}) "
            f"cannot be seen; in `encoding: {likely}`, the same bytes are characters such as quotes and the euro sign: "
            "set that."
        ] = []
    return {
        "files": counts,
        "guessed": [f"{listing(of)}: {guess}" if of else guess for guess, of in sentences.items()],
    }


def read(dataset, threads=1):
    """Yield RAW batches from a dataset of source `files`, one file after another."""
    for split, paths in expanded(dataset).items():
        for path in paths:
            yield from batches_of(path, split, dataset)


def batches_of(path, split, dataset):
    """Return an iterator of RAW batches of one file. split: that of all its rows, or None."""
    from pretrain_or_not.data.readers import read_file
    from pretrain_or_not.data.readers.form import form_of

    form = form_of(path, dataset)
    return read_file(path, form.kind, form.options, columns_of(dataset), split)


def look_into(dataset):
    """Return how many training rows the files have at most, or None if they must be read to count them.

    The splits that are cut from them do not count, unless a column names the split of each row.
    Raises BadInput for a mistake in the first rows of a file.
    """
    by_split = expanded(dataset)
    files = [(split, path) for split, paths in by_split.items() for path in paths if not is_archive(path)]
    counts = {(split, path): rows_of(path, split, dataset) for split, path in files[:MOST_LOOKED_INTO]}
    training = [
        counts.get((split, path)) for split, paths in by_split.items() if split in (None, "train") for path in paths
    ]
    if None in training or dataset.get("split"):
        return None if None in training else sum(training)
    return training_rows_left(sum(training), {*by_split}, dataset.get("splits", {}), dataset.get("folds"))


def rows_of(path, split, dataset):
    """Return how many rows a file has at most, or None if that takes long; raise BadInput for bad first rows.

    The number is exact for Parquet and for few rows. For many rows of CSV it is that of lines: a row may span several,
    as a quoted text has line breaks, but it has no less than one.
    """
    import pyarrow as pa

    from pretrain_or_not.data.left_out import kept_rows
    from pretrain_or_not.data.readers.form import form_of

    label_map, batches, rows = label_map_of(dataset), batches_of(path, split, dataset), 0
    for batch in islice(batches, 1):
        rows = batch.num_rows
        if label_map:
            table = pa.Table.from_batches([batch]).append_column("row", pa.array(range(rows)))
            kept, _ = kept_rows(table, ignored_labels(dataset))
            try:
                mapped(kept["label"].to_pylist(), label_map, kept["row"])
            except BadInput as error:
                raise BadInput(f"{path}: {error}") from error
    form = form_of(path, dataset)
    if form.kind == "parquet":
        import pyarrow.parquet as pq

        return pq.read_metadata(path).num_rows
    if next(batches, None) is None:
        return rows
    if FORMATS[form.kind] == "csv" and Path(path).stat().st_size <= MOST_COUNTED:
        return lines_of(path, form.options) - bool(dataset.get("header", True))
    return None


def lines_of(path, options):
    """Return how many lines a text file has at most, blank ones included; they end with LF, CR or both."""
    from pretrain_or_not.data.readers.streams import BUFFER, open_bytes

    lines = 1
    with open_bytes(path, options) as file:
        while data := file.read(BUFFER):
            lines += data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    return lines
