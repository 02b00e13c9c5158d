"""What arms can be built from: architectures, random weights, a frozen encoder."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import AutoConfig, AutoModel

from artifacts import write_table
from batches import read_examples, read_subset
from checkpoint import Checkpoints
from devices import build_accelerator
from extract_features import mean_pooled
from finetune_bert import embedding_tables
from fit import fit
from flops import counted_flops
from inference import infer, probabilities
from probe import Features, ProbeClassifier
from run_files import parameter_counts
from stage import BadInput
from transformer import load_encoder, load_fine_tuned, load_for_classification, position_limit

SMALL = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 32, "max_position_embeddings": 40, "pad_token_id": 0}  # fmt: skip
KINDS = {
    "bert": SMALL,
    "roberta": SMALL | {"pad_token_id": 1},
    "distilbert": {"vocab_size": 60, "dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2, "pad_token_id": 0,
                   "max_position_embeddings": 40},
    "electra": SMALL | {"embedding_size": 16},
    "deberta-v2": SMALL,
    "modernbert": SMALL | {"bos_token_id": 2, "cls_token_id": 2, "eos_token_id": 3, "sep_token_id": 3},
}  # fmt: skip
RECIPE = {"batch_size": 8, "epochs": 2, "min_steps": 0, "validations": 2, "patience": None, "warmup": 0.1,
          "schedule": "linear", "weight_decay": 0.01, "clip": 1.0, "precision": "fp32"}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_architecture_loads_and_trains(kind, make_examples, tmp_path):
    torch.manual_seed(0)
    AutoModel.from_config(AutoConfig.for_model(kind, **KINDS[kind])).save_pretrained(tmp_path / "pretrained")
    model = load_for_classification(tmp_path / "pretrained", ["a", "b", "c"], 0.1)
    assert position_limit(model) == (38 if kind == "roberta" else 40)
    encoder = load_encoder(tmp_path / "pretrained")
    for name, weights in encoder.state_dict().items():  # it starts from what is in the folder
        match = [w for n, w in model.state_dict().items() if n.endswith(name) and w.shape == weights.shape]
        assert any(torch.equal(weights, w) for w in match) or "pooler" in name, name
    counts = parameter_counts(model, embedding_tables(model))
    assert counts["parameters"] == counts["parameters_trained"] > counts["parameters_embedding"] >= 60 * 16
    forward, training = counted_flops(model)
    assert all(f >= 0 for f in forward) and forward[1] > 0 and forward[2] > 0  # attention grows with the square
    assert np.allclose(training, 3 * np.array(forward), rtol=0.02)

    before = {name: weights.clone() for name, weights in model.state_dict().items()}
    examples = make_examples(40)
    _, cost, work = fit(model, examples, examples, RECIPE, 1e-3, 0, Checkpoints(tmp_path / "none", "", 1e9))
    moved = [name for name, weights in model.state_dict().items() if not torch.equal(weights, before[name])]
    assert len(moved) > len(before) / 2 and cost["steps"] == 10 and work.examples == 80
    model.save_pretrained(tmp_path / "trained")
    accelerator = build_accelerator("fp32")
    again, _ = infer(load_fine_tuned(tmp_path / "trained"), examples, accelerator, probabilities)
    assert np.array_equal(again, infer(model, examples, accelerator, probabilities)[0])


def test_random_weights_have_the_architecture_but_not_the_weights(tiny_bert):
    torch.manual_seed(0)
    pretrained = load_for_classification(tiny_bert, ["a", "b"], 0.1)
    first, second = (load_for_classification(tiny_bert, ["a", "b"], 0.1, pretrained=False) for _ in range(2))
    shapes = {name: weights.shape for name, weights in pretrained.state_dict().items()}
    assert {name: weights.shape for name, weights in first.state_dict().items()} == shapes
    for name, weights in pretrained.state_dict().items():
        if weights.ndim == 2:
            assert not torch.equal(weights, first.state_dict()[name]), name
            assert not torch.equal(first.state_dict()[name], second.state_dict()[name]), name


def test_features_are_the_mean_of_an_examples_own_states(tiny_bert, make_examples):
    examples, encoder = make_examples(30, vocabulary=40), load_encoder(tiny_bert)
    features, work = infer(encoder, examples, build_accelerator("fp32"), mean_pooled)
    assert features.shape == (30, 16) and work.examples == 30
    with torch.no_grad():
        for i in range(30):
            tokens = torch.from_numpy(examples.tokens[examples.offsets[i] : examples.offsets[i + 1]].astype(np.int64))
            alone = encoder(input_ids=tokens[None]).last_hidden_state[0].mean(dim=0)
            np.testing.assert_allclose(features[i], alone, rtol=1e-4, atol=1e-5)


def planted(n, classes, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    matrix = rng.normal(size=(n, 6)) * [1, 10, 0.1, 1, 1, 0] + labels[:, None]
    return Features(rng.permutation(n), labels, matrix.astype(np.float32), {"label_names": list("abcd")[:classes]})


@pytest.mark.parametrize("classes", [2, 4])
def test_probe_against_scikit_learn(tmp_path, classes):
    train, test = planted(200, classes, 0), planted(100, classes, 1)
    model = ProbeClassifier({"C": 0.1, "classes": classes}).fit(train)
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(train.matrix, train.labels)
    np.testing.assert_allclose(model.predict(test), peer.predict_proba(test.matrix), atol=1e-3)
    model.save_pretrained(tmp_path)
    assert np.array_equal(ProbeClassifier.from_folder(tmp_path).predict(test), model.predict(test))


def test_features_of_a_subset_come_in_its_order(tmp_path):
    features = planted(50, 2, 0)
    column = pa.FixedSizeListArray.from_arrays(pa.array(features.matrix.ravel()), 6)
    table = pa.table({"id": features.ids, "label": features.labels, "features": column})
    write_table(tmp_path / "features.parquet", table, label_names=["a", "b"])
    rows = np.array([49, 0, 7])
    write_table(tmp_path / "subset.parquet", pa.table({"id": features.ids[rows], "row": rows}))
    subset = read_subset(tmp_path / "features.parquet", tmp_path / "subset.parquet", Features.from_table)
    assert np.array_equal(subset.matrix, features.matrix[rows]) and subset.about["label_names"] == ["a", "b"]
    assert np.array_equal(
        read_examples(tmp_path / "features.parquet", 4, Features.from_table).matrix, features.matrix[:4]
    )
    write_table(tmp_path / "other.parquet", pa.table({"id": features.ids[rows] + 1, "row": rows}))
    with pytest.raises(BadInput, match="ids are not those"):
        read_subset(tmp_path / "features.parquet", tmp_path / "other.parquet", Features.from_table)
