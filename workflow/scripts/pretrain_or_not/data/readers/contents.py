"""Tell from its bytes what a file is that cannot be read as the format that its name says."""

import codecs
import re

from pretrain_or_not.errors import BadInput

HEAD = 4096  # bytes that are looked at

# First bytes of a bzip2 file, with content or empty.
BZIP2 = rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"

# First bytes -> what the file is, and what to do.
MAGIC = {
    b"ARROW1\0": ("an Arrow file", "save it as Parquet"),
    b"\x89HDF": ("HDF5", "save it as Parquet or CSV"),
    b"SQLite format 3\0": ("an SQLite database", "export the table as CSV"),
    b"\x93NUMPY": ("a NumPy array", "save it as Parquet or CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel or Word document", "save the sheet as CSV (UTF-8)"),
    b"%PDF-": ("a PDF", "give the table as CSV"),
    b"{\\rtf": ("an RTF document", "save it as plain text (UTF-8)"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it by: gunzip"),
    b"\xfd7zXZ": ("compressed with xz", "unpack it by: unxz"),
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", "unpack it by: unzstd"),
    b"\x04\x22\x4d\x18": ("compressed with LZ4", "unpack it by: unlz4"),
    b"7z\xbc\xaf": ("a 7-Zip archive", "unpack it, and name the file in it"),
    b"Rar!\x1a\x07": ("a RAR archive", "unpack it, and name the file in it"),
    b"version https://git-lfs": ("a pointer of Git LFS, not the data", "fetch the data by: git lfs pull"),
    b"/annex/objects/": ("a pointer of git-annex, not the data", "fetch the data by: git annex get"),
    b"../.git/annex/": ("a pointer of git-annex, not the data", "fetch the data by: git annex get"),
    b"\x89PNG": ("an image", "give a table of texts and labels"),
    b"\xff\xd8\xff": ("an image", "give a table of texts and labels"),
}

# The same, as patterns, for marks of letters. The name of a column may begin so: they count only before binary data.
LETTERS = {
    rb"PAR1": ("Parquet", "set `format: parquet`, or give it a name that ends in .parquet"),
    rb"ORC": ("ORC", "save it as Parquet"),
    rb"Obj\x01.*avro[.](codec|schema)": ("Avro", "save it as Parquet"),
    BZIP2: ("compressed with bzip2", "unpack it by: bunzip2"),
    rb"GIF8[79]a": ("an image", "give a table of texts and labels"),
}

# Byte order mark -> encoding. Longer marks first: that of UTF-32 begins like that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def check_contents(head, path, kind):
    """Raise BadInput if a file, by its first bytes, is of another kind than text.

    head: the first bytes of `path`, decompressed, up to HEAD of them. kind: the format that it is to be read as.
    """
    found = recognised(head[:HEAD])
    if found:
        what, advice = found
        raise BadInput(f"{path}: is {what}, not {kind}; {advice}")


def recognised(head):
    """Return (what a file is, what to do) of a file that is no UTF-8 table by its first bytes; None for others."""
    for magic, found in MAGIC.items():
        if head.startswith(magic):
            return found
    for pattern, found in LETTERS.items():
        if re.match(pattern, head, re.DOTALL) and is_binary(head):
            return found
    if head.startswith(b"PK\x03\x04"):
        if re.search(rb"\[Content_Types\]|xl/|docProps", head):
            return "an Excel workbook (.xlsx)", "save the sheet as CSV (UTF-8)"
        if b"mimetypeapplication/vnd.oasis" in head:
            return "an OpenDocument sheet (.ods)", "save the sheet as CSV (UTF-8)"
        return "a zip archive", "give it a name that ends in .zip"
    if head[257:265] in (b"ustar\x0000", b"ustar  \0"):
        return "a tar archive", "give it a name that ends in .tar, and name the file in it by `member:`"
    if len(head) > 1 and head[:1] == b"\x80" and head[1] in range(2, 6):
        return "a Python pickle", "save it as Parquet"
    if re.match(rb"\s*<(!doctype\s+html|html|head|body)\b", head, re.IGNORECASE):
        return "a web page (HTML)", "perhaps the page of a failed download: fetch the file itself"
    if re.match(rb"\s*<\?xml", head):
        return "XML", "save it as Parquet, CSV or JSON lines"
    return without_mark(head)


def is_binary(head):
    """Return whether bytes are no text: they hold NULs, or control characters and what is not UTF-8."""
    if b"\0" in head:
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return re.search(rb"[\x01-\x08\x0e-\x1f]", head) is not None
    return False


def without_mark(head):
    """Return what text in UTF-16 without a mark is, or a file of NULs, by the places of its NULs; otherwise None."""
    even, odd = head[::2], head[1::2]
    if len(head) >= 4 and not head.strip(b"\0"):
        return "nothing but NUL bytes", "the file is damaged: fetch it again"
    if len(odd) >= 4 and odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.1 * len(even):
        return "text in UTF-16 (little-endian)", "set `encoding: utf-16-le`"
    if len(odd) >= 4 and even.count(0) > 0.4 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "text in UTF-16 (big-endian)", "set `encoding: utf-16-be`"
    return None


def not_utf8(line, error):
    """Return what is wrong with a line of bytes that is not UTF-8, with advice. error: the UnicodeDecodeError."""
    place = f"byte {error.start + 1} is not UTF-8 ({error.reason})"
    start = max(0, error.start - 12)
    try:
        shown = line[start : error.start + 12].decode("cp1252")
    except UnicodeDecodeError:
        return f"{place}; set `encoding:` to the one that the file is in"
    shown = " ".join(shown.split())
    return f"{place}; in Windows-1252 it reads {shown!r}: if that is right, set `encoding: cp1252`; if not, another one"
