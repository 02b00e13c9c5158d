"""Open a data file, compressed or in a tar archive, as a stream of bytes."""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from contextlib import ExitStack, contextmanager

import zstandard

from pretrain_or_not.data.file_formats import is_archive
from pretrain_or_not.errors import BadInput

BUFFER = 1 << 20

MOST_NAMED = 20

LONGEST_WINDOW = 2**31  # bytes: what `zstd --long=31` writes; memory is taken only for what a file asks


class ZstdReader(io.RawIOBase):
    """Decompresses Zstandard frames; raises EOFError in a frame cut short, where `zstandard.open` ends in silence."""

    def __init__(self, file):
        self.file, self.frame, self.waiting, self.ready = file, None, b"", memoryview(b"")

    def readable(self):
        """As `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer):
        """Fill `buffer` as far as one read of the file goes; return the bytes written to it, 0 at the end."""
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


DECOMPRESS = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": ZstdReader,
}

# What reading a damaged or cut file raises.
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError, tarfile.TarError)


@contextmanager
def open_bytes(path, member=None):
    """The bytes of `path` or, where it is a tar archive, of the file `member` in it; decompressed as they are read."""
    with ExitStack() as stack:
        file = stack.enter_context(open_member(path, member) if is_archive(path) else io.FileIO(path))
        file = io.BufferedReader(file, BUFFER)
        start = file.peek(8)
        for magic, decompress in DECOMPRESS.items():
            if start.startswith(magic):
                file = io.BufferedReader(stack.enter_context(decompress(file)), BUFFER)
                break
        yield file


@contextmanager
def open_member(path, member):
    """The file in a tar archive whose name is `member` or ends with ``/member``; BadInput where there is none."""
    names = []
    with tarfile.open(path) as archive:
        for entry in archive:  # forwards only: a compressed archive would have to start again to go back
            if not entry.isfile():
                continue
            if f"/{entry.name}".endswith(f"/{member}"):
                with archive.extractfile(entry) as file:
                    yield file
                return
            names.append(entry.name)
    shown = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    raise BadInput(f"{path}: there is no {member!r} in it for `member:`; it holds {shown or 'no files'}")
