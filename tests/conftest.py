"""Fixtures and settings of all tests."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile

import pytest

from helpers.models import make_tiny_bert

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="huggingface-")  # not the user's cache and settings
atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so in a shell's background job, whose children ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # models here are so small that a second thread would only wait


# Files whose tests take half a minute and more, beside those of the whole workflow.
SLOW = {"test_checkpoints.py", "test_code_digest.py", "test_pretrain.py", "test_onnx.py", "test_onnx_export.py"}


def pytest_collection_modifyitems(items):
    """Put what takes longest first: the tests of the whole workflow, then SLOW; small tests fill the gaps."""
    items.sort(key=lambda item: ("workflow" not in item.path.parts, item.path.name not in SLOW))


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """Return the folder of a random 2-layer BERT."""
    return make_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture
def make_examples():
    """Return a function (n, classes, longest, vocabulary, seed) -> random `Examples`."""
    import numpy as np

    from pretrain_or_not.data.examples import Examples

    def make(n=100, classes=3, longest=20, vocabulary=50, seed=0):
        rng = np.random.default_rng(seed)
        lengths = rng.integers(1, longest + 1, n)
        about = {"padding_id": 0, "vocabulary": vocabulary, "label_names": [f"c{i}" for i in range(classes)]}
        about["unknown_tokens"] = 0.0
        return Examples(
            ids=rng.permutation(10 * n)[:n],
            labels=rng.integers(0, classes, n),
            tokens=rng.integers(1, vocabulary, lengths.sum()).astype(np.uint16),
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            about=about,
        )

    return make


@pytest.fixture
def small_disk(tmp_path):
    """Yield a folder on a disk of 4 MB, and a function that fills all of the disk except `but` bytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")

    def fill(but=0):
        filler = folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        os.truncate(filler, max(0, filler.stat().st_size - but))
        return filler

    yield folder, fill
    subprocess.run(["umount", folder], check=True)
