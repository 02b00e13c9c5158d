"""Write files that appear complete or not at all: written under another name, flushed to disk, then renamed."""

from __future__ import annotations

import errno
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.paths import PathLike

SECONDS_WRITING = 24 * 3600  # a temporary file that has not changed for longer is not in use


@contextmanager
def atomic_write(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path next to `path`; rename it to `path` if the block succeeds and the file is on disk.

    Raises BadInput that names `path` if the disk is full.
    """
    path = Path(path)
    with explain_full_disk(path):
        partial = temporary_path(path, "partial")
        try:
            yield partial
            use_umask(partial)
            sync_to_disk(partial)
            os.replace(partial, path)
            with suppress(OSError):  # a few network file systems raise it
                sync_to_disk(path.parent)  # otherwise a power cut could undo the rename
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def temporary_folder(path: PathLike) -> Iterator[Path]:
    """Yield a temporary folder next to `path`, on the same disk, for the files needed to make `path`.

    Raises BadInput that names `path` if the disk is full.
    """
    path = Path(path)
    with explain_full_disk(path):
        folder = temporary_path(path, "scratch")
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def temporary_path(path, suffix):
    """Return a hidden path next to `path` that only this process uses; delete the ones that killed processes left.

    Each process has its own, because a killed Snakemake may leave a job running, and the job that replaces it must not
    write to the same file. The last one to finish gives `path` its content, and both files are complete.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    host = platform.node()
    name = re.compile(rf"[.]{re.escape(path.name)}[.](.+)[.]([0-9]+)[.]{suffix}")
    for entry in list(os.scandir(path.parent)):
        if (left := name.fullmatch(entry.name)) and not in_use(entry, left[1] == host, int(left[2])):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else Path(entry).unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{host}.{os.getpid()}.{suffix}")


def in_use(entry, here, process):
    """Return whether another process may still write a temporary file; on another machine, only its age decides."""
    if time.time() - entry.stat().st_mtime > SECONDS_WRITING:
        return False
    if not here:
        return True
    if process == os.getpid():  # an earlier process had the same number
        return False
    try:
        os.kill(process, 0)  # sends no signal
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def use_umask(path):
    """Give a new file the permissions of the user's umask: some libraries make files that only the user can read."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


def sync_to_disk(path):
    """Make the operating system write a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def explain_full_disk(path: PathLike) -> Iterator[None]:
    """Raise BadInput that names `path` and says what to do, if an error in the block means that the disk is full."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, BadInput) and (reason := full_disk_reason(error)):
            raise BadInput(
                f"{path}: {reason}; free some space there and run the same command again: what is finished stays"
            ) from error
        raise


def full_disk_reason(error: BaseException | None) -> str | None:
    """Return the system's message if an exception, or a cause of it, means a full disk or quota; otherwise None."""
    while error is not None:
        for code in (errno.ENOSPC, errno.EDQUOT):
            if getattr(error, "errno", None) == code or os.strerror(code) in str(error):
                return os.strerror(code)
        error = error.__cause__ or error.__context__
    return None
