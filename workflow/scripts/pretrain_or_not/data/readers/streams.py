"""Open a data file, compressed or in a tar archive, as a stream of bytes."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zlib
from contextlib import ExitStack, contextmanager

import zstandard

from pretrain_or_not.config.names import first_of
from pretrain_or_not.data.file_formats import is_archive
from pretrain_or_not.data.readers.contents import BZIP2
from pretrain_or_not.errors import BadInput

BUFFER = 1 << 20

MOST_NAMED = 20

LONGEST_WINDOW = 2**31  # bytes, as `zstd --long=31` writes; a file takes only the memory that its own window needs


class ZstdReader(io.RawIOBase):
    """A reader of Zstandard frames that raises EOFError if a frame is cut short; `zstandard.open` raises nothing."""

    def __init__(self, file):
        self.file, self.frame, self.waiting, self.ready = file, None, b"", memoryview(b"")

    def readable(self):
        """Return True, for `io.BufferedReader`."""
        return True

    def readinto(self, buffer):
        """Fill `buffer`, maybe not completely; return the number of bytes written to it, 0 at the end."""
        while not self.ready:
            data = self.waiting or self.file.read(1 << 16)
            if not data and self.frame:
                raise EOFError("the file ends inside a Zstandard frame")
            if not data:
                return 0
            self.frame = self.frame or zstandard.ZstdDecompressor(max_window_size=LONGEST_WINDOW).decompressobj()
            self.ready, self.waiting = memoryview(self.frame.decompress(data)), b""
            if self.frame.eof:
                self.frame, self.waiting = None, self.frame.unused_data
        n = min(len(buffer), len(self.ready))
        buffer[:n], self.ready = self.ready[:n], self.ready[n:]
        return n


# First bytes, as patterns -> what reads them.
DECOMPRESS = {
    rb"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    BZIP2: bz2.BZ2File,
    rb"\xfd7zXZ\x00": lzma.LZMAFile,
    rb"\x28\xb5\x2f\xfd": ZstdReader,
}

# Exceptions in reading a damaged or cut file.
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError, tarfile.TarError)


@contextmanager
def open_bytes(path, member=None):
    """Yield a stream of the decompressed bytes of `path` or, if it is a tar archive, of the file `member` in it."""
    with ExitStack() as stack:
        file = stack.enter_context(open_member(path, member) if is_archive(path) else io.FileIO(path))
        file = io.BufferedReader(file, BUFFER)
        start = file.peek(10)
        for pattern, decompress in DECOMPRESS.items():
            if re.match(pattern, start):
                file = io.BufferedReader(stack.enter_context(decompress(file)), BUFFER)
                break
        yield file


@contextmanager
def open_member(path, member):
    """Yield the file in a tar archive that is called `member` or ends with ``/member``; raise BadInput if none is."""
    names = []
    with tarfile.open(path) as archive:
        for entry in archive:  # only forwards: to go back, a compressed archive would have to start again
            if not entry.isfile():
                continue
            if f"/{entry.name}".endswith(f"/{member}"):
                with archive.extractfile(entry) as file:
                    yield file
                return
            names.append(entry.name)
    shown = first_of(names, MOST_NAMED)
    raise BadInput(f"{path}: there is no {member!r} in it for `member:`; it holds {shown or 'no files'}")
