"""Files appear whole or not at all: written under another name, put on disk, then renamed; a full disk is told."""

import errno
import os
import platform
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from stage import BadInput

SECONDS_WRITING = 24 * 3600  # that a temporary file is at most left alone by who writes it


@contextmanager
def whole(path):
    """Give a temporary path beside `path`; rename it to `path` once the block has ended well and it is on disk.

    Raises BadInput that names `path` where the disk is full.
    """
    path = Path(path)
    with room(path):
        partial = beside(path, "partial")
        try:
            yield partial
            sync(partial)
            os.replace(partial, path)
            with suppress(OSError):  # which a few network file systems raise
                sync(path.parent)  # else a power cut could take the new name back
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def scratch_folder(path):
    """Give a temporary folder beside `path`, on the same disk, for what it takes to make `path`."""
    path = Path(path)
    with room(path):
        folder = beside(path, "scratch")
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def beside(path, suffix):
    """A hidden name beside `path` that is this process's own; what killed processes left under such names is deleted.

    A process's own, because a killed Snakemake may leave a job behind, and the one started in its place must not write
    into the same file: the last to finish gives `path` its content, and both are whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    host = platform.node()
    name = re.compile(rf"[.]{re.escape(path.name)}[.](.+)[.]([0-9]+)[.]{suffix}")
    for entry in list(os.scandir(path.parent)):
        if (left := name.fullmatch(entry.name)) and not in_use(entry, left[1] == host, int(left[2])):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else Path(entry).unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{host}.{os.getpid()}.{suffix}")


def in_use(entry, here, process):
    """Whether another process may still be writing a temporary file; where it ran on another machine, age tells."""
    if time.time() - entry.stat().st_mtime > SECONDS_WRITING:
        return False
    if not here:
        return True
    if process == os.getpid():  # one before this one had its number
        return False
    try:
        os.kill(process, 0)  # signals nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def sync(path):
    """Have the operating system put a file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def room(path):
    """Turn what the many writers say of a full disk into BadInput that names `path` and tells what to do."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, BadInput) and (reason := full_disk(error)):
            raise BadInput(
                f"{path}: {reason}; make room there and run the same command again: what is finished stays"
            ) from error
        raise


def full_disk(error):
    """What the system says where an exception, or one behind it, means a full disk or quota; else None."""
    while error is not None:
        for code in (errno.ENOSPC, errno.EDQUOT):
            if getattr(error, "errno", None) == code or os.strerror(code) in str(error):
                return os.strerror(code)
        error = error.__cause__ or error.__context__
    return None
