"""What the tests share: the workflow's scripts to import, and tiny data and models made on the spot."""

import atexit
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="huggingface-")  # neither the user's cache nor settings
atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job, whose children ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # models here are so small that a second thread only waits

WORDS = {
    "sports": "goal match team player coach league win score ball season".split(),
    "cooking": "oven flour butter recipe bake salt onion pan simmer taste".split(),
    "travel": "flight hotel beach map luggage train island museum visa tour".split(),
}
COMMON = "the a of and to in it was for with on at by this that".split()


def make_rows(n, seed=0):
    """`n` (text, label) pairs, a few words of the label's topic among common ones; lengths from 3 to 30 words."""
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        label = rng.choice(list(WORDS))
        words = rng.choices(COMMON, k=rng.randint(2, 25)) + rng.choices(WORDS[label], k=rng.randint(1, 5))
        rng.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def write_frame(path, frame):
    """Write a data frame as the workflow writes its tables."""
    import pyarrow as pa

    from artifacts import write_table

    write_table(path, pa.Table.from_pandas(frame, preserve_index=False))


def make_tiny_bert(folder):
    """Write a randomly initialised 2-layer BERT and its tokenizer to `folder`."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *COMMON, *sorted(sum(WORDS.values(), []))]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """Folder of a random 2-layer BERT."""
    return make_tiny_bert(tmp_path_factory.mktemp("models") / "tiny-bert")


@pytest.fixture
def make_examples():
    """A function (n, classes, longest, vocabulary, seed) -> random `batches.Examples`."""
    import numpy as np

    from batches import Examples

    def make(n=100, classes=3, longest=20, vocabulary=50, seed=0):
        rng = np.random.default_rng(seed)
        lengths = rng.integers(1, longest + 1, n)
        about = {"padding_id": 0, "vocabulary": vocabulary, "label_names": [f"c{i}" for i in range(classes)]}
        return Examples(
            ids=rng.permutation(10 * n)[:n],
            labels=rng.integers(0, classes, n),
            tokens=rng.integers(1, vocabulary, lengths.sum()).astype(np.uint16),
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            about=about,
        )

    return make
