"""Open a data file, compressed or in an archive, as a stream of bytes in UTF-8."""

import bz2
import codecs
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from contextlib import ExitStack, contextmanager

import zstandard

from pretrain_or_not.config.names import first_of
from pretrain_or_not.data.file_formats import is_archive, is_zip
from pretrain_or_not.data.readers.contents import BZIP2, MARKS
from pretrain_or_not.errors import BadInput

BUFFER = 1 << 20

MOST_NAMED = 20

LONGEST_WINDOW = 2**31  # bytes, as `zstd --long=31` writes; a file takes only the memory that its own window needs

CONTROL = bytes(range(0x80, 0xA0))

# Encodings in which these bytes are control characters -> those in which they are characters. Browsers read the one as
# the other (WHATWG, Encoding Standard).
OF_WINDOWS = {"iso8859-1": "cp1252", "iso8859-15": "cp1252", "iso8859-9": "cp1254"}


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


class Recoded(io.RawIOBase):
    """A reader of text in some encoding as UTF-8; raises BadInput that names the line of bytes that are none of it."""

    def __init__(self, file, encoding, name):
        self.file, self.encoding, self.name, self.lines = file, encoding, name, 1
        self.decoder, self.ready = codecs.getincrementaldecoder(encoding)(), memoryview(b"")

    def readable(self):
        """Return True, for `io.BufferedReader`."""
        return True

    def readinto(self, buffer):
        """Fill `buffer`, maybe not completely; return the number of bytes written to it, 0 at the end."""
        while not self.ready:
            data = self.file.read(1 << 16)
            try:
                text = self.decoder.decode(data, final=not data)
            except UnicodeError as error:
                before = error.object.count(b"\n", 0, error.start) if isinstance(error, UnicodeDecodeError) else 0
                raise BadInput(
                    f"{self.name}: near line {self.lines + before}: not text in {self.encoding} "
                    f"({str(error).partition(': ')[2] or error}); set `encoding:` to the one it is in"
                ) from error
            if not data and not text:
                return 0
            self.lines += text.count("\n")
            self.ready = memoryview(text.removeprefix("\ufeff").encode() if self.lines == 1 else text.encode())
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
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError, tarfile.TarError, zipfile.BadZipFile)


def damage(name, line, error):
    """Return in words that a file is damaged. line: the last one that was read, 0 for none. error: one of DAMAGED."""
    reason = str(error).partition("\n")[0].rstrip(":") or type(error).__name__
    place = f" after line {line}" if line else ""  # files are read in blocks: it is not known where in the first one
    return f"{name}: cut short or damaged{place} ({reason}); fetch the file again"


@contextmanager
def open_bytes(path, options):
    """Yield a buffered stream of a file's bytes, unpacked and in UTF-8. options: its ReadOptions.

    An archive's `member` is read. Bytes in no encoding of the options, and without a byte order mark, stay as they are.
    """
    with ExitStack() as stack:
        file = stack.enter_context(unpacked(path, options.member))
        encoding = options.encoding or marked_encoding(file.peek(4))
        if encoding and codecs.lookup(encoding).name != "utf-8":
            file = io.BufferedReader(Recoded(file, encoding, path), BUFFER)
        yield file


def control_bytes(paths, options):
    """Return (their number, the encoding of Windows they are likely in) of bytes that are control characters in files.

    0 for an encoding that has none in the place of quotes, dashes and the euro sign. options: the ReadOptions of all.
    """
    likely = OF_WINDOWS.get(codecs.lookup(options.encoding or "utf-8").name)
    number = 0
    for path in paths if likely else ():
        try:
            with unpacked(path, options.member) as file:
                while data := file.read(BUFFER):
                    number += len(data) - len(data.translate(None, CONTROL))
        except DAMAGED:  # said when it is read
            continue
    return number, likely


def marked_encoding(start):
    """Return the encoding that a byte order mark at the start of a file shows, other than UTF-8; None without one."""
    return next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), None)


@contextmanager
def unpacked(path, member=None):
    """Yield a buffered stream of the unpacked bytes of `path` or, if it is an archive, of the file `member` in it."""
    with ExitStack() as stack:
        if is_zip(path):
            file = stack.enter_context(open_zipped(path, member))
        else:
            file = stack.enter_context(open_member(path, member) if is_archive(path) else io.FileIO(path))
        file = io.BufferedReader(file, BUFFER)
        start = file.peek(10)
        for pattern, decompress in DECOMPRESS.items():
            if re.match(pattern, start):
                file = io.BufferedReader(stack.enter_context(decompress(file)), BUFFER)
                break
        yield file


def zipped_files(path):
    """Return the names of the files in a zip archive; those that macOS adds are left aside."""
    with zipfile.ZipFile(path) as archive:
        return [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]


def zipped_member(path, member):
    """Return the name of the file in a zip archive that `member` names, or of its only file; raise BadInput."""
    try:
        names = zipped_files(path)
    except zipfile.BadZipFile as error:
        raise BadInput(f"{path}: is no zip archive, or damaged ({error}); fetch the file again") from error
    found = [name for name in names if f"/{name}".endswith(f"/{member}")] if member else names
    if len(found) == 1:
        return found[0]
    listed = first_of(names, MOST_NAMED) or "no files"
    if not member:
        raise BadInput(f"{path}: name the file in it by `member:`; it holds {listed}")
    number = "several files end with" if found else "there is no"
    raise BadInput(f"{path}: {number} {member!r} in it for `member:`; it holds {listed}")


@contextmanager
def open_zipped(path, member):
    """Yield a file in a zip archive; see `zipped_member`. Raises BadInput if it needs a password."""
    name = zipped_member(path, member)
    with zipfile.ZipFile(path) as archive:
        try:
            file = archive.open(name)
        except NotImplementedError as error:
            raise BadInput(f"{path}: {name!r} is compressed in another way ({error}); unpack it yourself") from error
        except RuntimeError as error:
            raise BadInput(f"{path}: {name!r} needs a password; unpack it, and name the file in it") from error
        with file:
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
