"""What identifies the content of files."""

import hashlib

from pretrain_or_not.files.provenance import identity_of, sha256_of


def test_one_file_has_its_own_sha256_and_several_that_of_the_list(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for path, content in zip(paths, (b"text,label\n", b"good,1\n"), strict=True):
        path.write_bytes(content)
    first = hashlib.sha256(b"text,label\n").hexdigest()
    assert identity_of(paths[:1]) == {"files": 1, "bytes": 11, "sha256": first}
    listed = "".join(f"{sha256_of(path)}\n" for path in paths).encode()
    assert identity_of(paths) == {"files": 2, "bytes": 18, "sha256": hashlib.sha256(listed).hexdigest()}
    assert identity_of(paths) != identity_of(paths[::-1]) and identity_of([]) is None
