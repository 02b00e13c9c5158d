"""The workflow as a whole: one real run on tiny data, what it leaves, and what a change makes it run again."""

import json
import os
import re

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from helpers.described import undescribed
from helpers.paths import ROOT
from helpers.project import CONFIG, Project, changed
from pretrain_or_not.arms.lstm import LSTMClassifier
from pretrain_or_not.files.parquet import read_metadata
from pretrain_or_not.files.provenance import sha256_of

CELLS = 10  # 5 arms, 2 sizes, 1 seed
RUNS = {"finetune_bert": 2, "train_lstm": 6, "train_tfidf": 4, "train_probe": 2}
READ_TOKENS = {rule: n for rule, n in RUNS.items() if rule != "train_tfidf"}  # TF-IDF reads words
FIGURES = ("scores", "gap", "worth", "share", "cost", "tuning", "confusion", "reliability")
PLOTS = {f"plot_{name}": 1 for name in FIGURES} | {"all": 1}
ENDS = {"score": 1, "answer": 1, "page": 1, "table_scores": 1} | PLOTS
FEATURES = {"extract_features": 1, "extract_training_features": 1}


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_bert):
    """Return a project in which the complete experiment has run."""
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    assert project.jobs() == RUNS | ENDS | timed(5) | {
        "ingest": 1, "tokenize": 1, "subsample": 2, "extract_embeddings": 1, **FEATURES, "select": CELLS,
        "evaluate": CELLS,
    }  # fmt: skip
    done = project.snakemake()
    assert done.returncode == 0, done.stdout
    project.output = done.stdout
    return project


def read(project, pattern):
    return pd.read_parquet(project.folder / "results" / pattern)


# What a run leaves behind


def test_every_stage_leaves_its_file(project):
    results = project.folder / "results"
    found = {
        str(path.relative_to(results)) for path in results.rglob("*") if path.is_file() and "logs" not in path.parts
    }
    expected = {
        "scores.parquet",
        "gaps.parquet",
        "answer.parquet",
        "answer.md",
        "answer.html",
        "answer_words.html",
        "embeddings/tiny.safetensors",
    }
    expected |= {"toy/examples.parquet", "toy/dataset.json"}
    details = (
        "worth",
        "beyond",
        "efficiency",
        "across",
        "pairs",
        "recommendation",
        "tuning",
        "scores_by_class",
        "scores_by_group",
        "scores_shift",
        "group_gaps",
        "label_issues",
        "confusion",
        "reliability",
    )
    expected |= {f"{name}.parquet" for name in details}
    expected |= {f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg", "pdf")}
    forms = ("parquet", "md", "tex", "html")
    expected |= {f"tables/{name}.{form}" for name in ("scores", "inference") for form in forms}
    expected |= {f"toy/timing/{arm}/n50pct/seed0/cpu.parquet" for arm in CONFIG["experiment"]["arms"]}
    for folder in ("tokens/tiny", "features/tiny/length-32"):
        expected |= {f"toy/{folder}/{split}.parquet" for split in ("train", "validation", "test")}
    tokenizer = ("tokenizer.json", "tokenizer_config.json")
    expected |= {f"toy/tokens/tiny/tokenizer/{name}" for name in ("about.json", *tokenizer)}
    settings = {"bert": ["lr0.001"], "lstm": ["lr0.001", "lr0.02"], "lstm-bert-embeddings": ["lr0.02"],
                "tfidf": ["C1.0", "C10.0"], "probe": ["C0.1"]}  # fmt: skip
    for cell in ("n40/seed0", "n50pct/seed0"):
        expected.add(f"toy/subsets/{cell}.parquet")
        for arm, runs in settings.items():
            expected.add(f"toy/predictions/{arm}/{cell}.parquet")
            expected |= {
                f"toy/runs/{arm}/{cell}/{run}/{name}" for run in runs for name in ("history.parquet", "run.json")
            }
            models = ("model.safetensors", "config.json")
            selected = json.loads((results / f"toy/runs/{arm}/{cell}/selected.json").read_text())["selected"]["setting"]
            assert selected in runs
            expected |= {f"toy/runs/{arm}/{cell}/{selected}/{name}" for name in models}
            expected.add(f"toy/runs/{arm}/{cell}/selected.json")
            works_alone = [*models, "classifier.json", "README.md", *([] if arm == "tfidf" else tokenizer)]
            works_alone += ["embeddings.safetensors"] if arm == "lstm-bert-embeddings" else []
            expected |= {f"toy/runs/{arm}/{cell}/selected/{name}" for name in works_alone}
    assert found == expected


def test_the_summary_says_which_file_was_read(project):
    summary = json.loads((project.folder / "results" / "toy" / "dataset.json").read_text())
    source = project.folder / CONFIG["datasets"]["toy"]["files"]
    read = {"files": 1, "bytes": source.stat().st_size, "sha256": sha256_of(source)}
    assert summary["source"] == read_metadata(project.folder / "results" / "toy" / "examples.parquet")["source"] == read


def test_every_column_is_described(project):
    """Files of other experiments are looked at where those are run."""
    assert undescribed(project.folder / "results") == []


def test_the_terminal_names_cells_and_the_place_of_the_figures(project):
    assert "Fine-tuning bert on toy, size 40, seed 0, lr0.001" in project.output
    assert "On Toy, measured from bert in points of accuracy. Tested on 90 texts, with " in project.output
    assert re.search(r"- (From about|\S+ is (still|less)).* points (behind|ahead) \(", project.output)
    assert re.search(r"Figures: results/figures", project.output)


def test_logs_can_be_followed(project):
    log = (project.folder / "results/logs/train_lstm/toy/lstm/n40/seed0/lr0.02.log").read_text()
    assert re.search(r"step 30/30 100 % \| \d+ examples/s \| loss \d\.\d+ \| validation 0\.\d{4} \| 0:00 left", log)


def test_predictions_are_of_the_test_split_and_add_up(project):
    test = read(project, "toy/examples.parquet").query("split == 'test'")
    for path in (project.folder / "results/toy/predictions").rglob("*.parquet"):
        predictions = pd.read_parquet(path)
        assert predictions.id.tolist() == test.id.tolist()
        assert predictions.label.tolist() == test.label.tolist()
        names = read_metadata(path)["label_names"]
        probabilities = predictions[[f"p_{name}" for name in names]].to_numpy()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-3)
        assert (probabilities.argmax(axis=1) == predictions.predicted).all()


def test_arms_see_the_same_subsets_and_small_ones_are_inside_large_ones(project):
    small, large = (read(project, f"toy/subsets/n{size}/seed0.parquet") for size in ("40", "50pct"))
    assert small.id.tolist() == large.id.tolist()[:40]
    assert len(large) == 250 // 2
    train = read(project, "toy/examples.parquet").query("split == 'train'")
    assert set(large.id) <= set(train.id)


def test_scores_follow_from_predictions_and_gaps_from_scores(project):
    scores, gaps = read(project, "scores.parquet"), read(project, "gaps.parquet")
    assert len(scores) == CELLS and len(gaps) == CELLS - 2
    assert scores.groupby("size").n.unique().map(list).to_dict() == {"40": [40], "50pct": [125]}
    for row in scores.itertuples():
        predictions = read(project, f"toy/predictions/{row.arm}/n{row.size}/seed{row.seed}.parquet")
        assert row.accuracy == pytest.approx((predictions.label == predictions.predicted).mean())
    accuracy = scores.set_index(["arm", "size", "seed"]).accuracy
    for row in gaps.itertuples():
        gap = 100 * (accuracy["bert", row.size, row.seed] - accuracy[row.arm, row.size, row.seed])
        assert row.gap == pytest.approx(gap)


def test_a_learner_learns(project):
    scores = read(project, "scores.parquet").set_index(["arm", "size"]).accuracy
    assert scores["lstm", "50pct"] > 0.8 and scores["tfidf", "50pct"] > 0.8  # a guess gets a third


def test_selection_takes_the_best_validation_score(project):
    cell = project.folder / "results/toy/runs/lstm/n40/seed0"
    runs = {path.parent.name: json.loads(path.read_text()) for path in cell.glob("lr*/run.json")}
    chosen = json.loads((cell / "selected.json").read_text())
    assert runs[chosen["selected"]["setting"]]["validation_score"] == max(
        run["validation_score"] for run in runs.values()
    )
    assert {chosen["selected"]["setting"], *(run["setting"] for run in chosen["beaten"])} == {"lr0.001", "lr0.02"}
    assert all(run["validation_examples"] == 40 for run in runs.values())  # no more than labels to train on


def test_run_json_tells_the_cost(project):
    run = json.loads((project.folder / "results/toy/runs/bert/n40/seed0/lr0.001/run.json").read_text())
    for key in ("seconds", "examples_per_second", "peak_memory_mb", "parameters", "training_flops"):
        assert run[key] > 0, key
    assert run["device"] and run["precision"] and run["versions"]["torch"]


def test_an_lstm_has_the_embeddings_of_the_pretrained_model(project):
    theirs = load_file(project.folder / "tiny-bert" / "model.safetensors")["embeddings.word_embeddings.weight"]
    models = list((project.folder / "results/toy/runs/lstm-bert-embeddings").rglob("selected/model.safetensors"))
    assert len(models) == 2 and theirs.any()
    for path in models:
        assert "embedding.weight" not in load_file(path)  # frozen, so all models share one file
        assert np.array_equal(LSTMClassifier.from_folder(path.parent).embedding.weight.detach().numpy(), theirs)


def test_the_answer_follows_from_the_gaps(project):
    gaps, answers = read(project, "gaps.parquet"), read(project, "answer.parquet").set_index("arm")
    most = gaps[gaps["n"] == gaps["n"].max()].set_index("arm")
    assert set(answers.index) == set(most.index) == {"lstm", "lstm-bert-embeddings", "tfidf", "probe"}
    for arm, row in answers.iterrows():
        assert row["gap_largest"] == pytest.approx(most.loc[arm, "gap"])
        for end in ("_low", "_high"):
            assert row[f"gap_largest{end}"] == pytest.approx(most.loc[arm, f"gap_mean{end}"])
        half = most.loc[arm, "gap_mean_high"] - most.loc[arm, "gap"]
        assert half > 1.96 * most.loc[arm, "gap_se"]  # test sampling, and seeds


def test_a_fine_tuned_model_loads_with_transformers(project):
    from transformers import AutoModelForSequenceClassification

    folder = project.folder / "results/toy/runs/bert/n40/seed0/selected"
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    assert model.config.id2label == {0: "cooking", 1: "sports", 2: "travel"}


def test_the_same_again_is_bit_identical_whatever_the_cores(project):
    """With one core, ingest and tokenize use one thread, not two, and jobs run in another order."""
    config = changed(("pathvars", "results"), "again")
    cells = [f"again/toy/predictions/{arm}/n40/seed0.parquet" for arm in ("bert", "lstm", "tfidf")]
    done = project.snakemake(*cells, "--cores", "1", config=config)
    assert done.returncode == 0, done.stdout
    again = [str(path.relative_to(project.folder / "again")) for path in (project.folder / "again").rglob("*.parquet")]
    assert {path.split("/")[1] for path in again} == {"examples.parquet", "tokens", "subsets", "runs", "predictions"}
    for path in again:
        table, first = pd.read_parquet(project.folder / "again" / path), read(project, path)
        times = [name for name in table if name == "seconds"]
        pd.testing.assert_frame_equal(table.drop(columns=times), first.drop(columns=times), check_exact=True, obj=path)


# What a change makes run again


def timed(n):
    """Return the job counts for `n` arms that are timed again, without the figures and words that show their times."""
    return {"time_inference": n, "table_inference": 1}


def cells(n, **runs):
    """Return the job counts for `n` new cells, with their `runs`."""
    return runs | {"select": n, "evaluate": n} | ENDS


def test_selection_on_test_data_is_marked_wherever_it_is_shown(project):
    config = changed(("experiment", "selection"), "test")
    config["experiment"] |= {"arms": ["lstm", "tfidf"], "reference": "lstm", "sizes": [40]}
    config["timing"]["devices"] = {"cpu": []}
    config["arms"]["lstm"]["learning_rates"] = [2e-2]
    config["pathvars"]["results"] = "on-test"
    results = project.folder / "on-test"
    tables = [f"tables/scores.{form}" for form in ("md", "tex", "html")]
    shown = ["answer.md", "answer_words.html", "answer.html", *tables, "figures/gap.svg", "figures/scores.svg"]
    done = project.snakemake(*(f"on-test/{path}" for path in shown), config=config)
    assert done.returncode == 0, done.stdout
    scores = pd.read_parquet(results / "scores.parquet")
    assert set(scores.selection) == {"test"} and set(scores.validation_examples) == {90}
    assert scores.validation_score.tolist() == scores.accuracy.tolist()
    assert set(pd.read_parquet(results / "gaps.parquet").selection) == {"test"}
    for path in shown:
        words = " ".join(re.sub(r"<[^>]*>", " ", (results / path).read_text()).lower().split())
        assert "selected on test" in words, path
    assert set(read(project, "scores.parquet").selection) == {"validation"}


def test_nothing_changed_nothing_runs(project):
    done = project.snakemake()
    assert done.returncode == 0 and "Nothing to be done" in done.stdout


TIMES_SHOWN = {"plot_cost": 1, "answer": 1, "page": 1, "plot_gap": 1, "plot_worth": 1, "all": 1}
NEW_ARM = {"family": "lstm", "min_steps": 0, "tokenizer": "tiny", "learning_rates": [1e-2]}
CHANGES = {
    "one more size": (
        ("experiment", "sizes"), [40, "50%", 80],
        cells(
            5, subsample=1, extract_training_features=1, finetune_bert=1, train_lstm=3, train_tfidf=2, train_probe=1
        ),
    ),
    "one more seed": (
        ("experiment", "seeds"), [0, 1],
        cells(10, subsample=2, extract_training_features=1, **RUNS),
    ),
    "subsets with equal shares of the classes": (
        ("experiment", "stratify"), True,
        cells(10, subsample=2, extract_training_features=1, **RUNS) | timed(5),
    ),
    "one more learning rate": (
        ("arms", "bert", "learning_rates"), [1e-3, 5e-4],
        cells(2, finetune_bert=2) | timed(1),
    ),
    "one learning rate fewer": (("arms", "lstm", "learning_rates"), [2e-2], cells(2) | timed(1)),
    "another LSTM setting": (
        ("arms", "lstm", "hidden"), 24,
        cells(2, train_lstm=4) | timed(1),
    ),
    "another BERT setting": (("arms", "bert", "epochs"), 1, cells(2, finetune_bert=2) | timed(1)),
    "a title": (("arms", "bert", "title"), "BERT", ENDS | {"table_inference": 1}),
    "a plot setting": (("figures", "width"), 3.0, PLOTS),
    "another metric": (("experiment", "metric"), "macro_f1", cells(CELLS, **RUNS) | timed(5)),
    "another small gap": (("figures", "one_point"), 2.0, PLOTS | {"answer": 1, "page": 1}),
    "labels for validation counted": (("experiment", "budget"), "total", ENDS),
    "one more batch size to time": (("timing", "devices", "cpu"), [2, 4], timed(5) | TIMES_SHOWN),
    "no timing": (("timing", "devices", "cpu"), [], TIMES_SHOWN),
    "a published counterpart": (
        ("published",), {"datasets": {"toy": "yelp"}, "arms": {"lstm": "LSTM-4-256"}},
        {"plot_share": 1, "table_scores": 1, "all": 1},
    ),
    "an arm left out at a size": (("experiment", "exclude"), [{"arms": ["lstm"], "sizes": [40]}], ENDS),
    "checkpoints more often": (("experiment", "checkpoint_minutes"), 1, {}),
    "selection on test data": (("experiment", "selection"), "test", cells(10, **RUNS) | timed(5)),
    "more threads": (("experiment", "threads"), 2, {}),
    "a default written out": (("arms", "bert", "clip"), 1.0, {}),
    "2.0 for 2": (("arms", "bert", "epochs"), 2.0, {}),
    "fewer validation examples": (
        ("experiment", "validation_max"), 45,
        cells(5, finetune_bert=1, train_lstm=3, train_tfidf=2, train_probe=1) | timed(5),
    ),
    "other tokens": (
        ("datasets", "toy", "max_length"), 16,
        cells(8, tokenize=1, **FEATURES, **READ_TOKENS) | timed(4),
    ),
}  # fmt: skip


def test_no_rule_marks_what_another_one_writes():
    """`ancient` of the output of a rule would hold for all rules that read it: Snakemake changes it in place."""
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        marked = re.findall(r"(?:ancient|update)\(\s*rules\.[^)]*\)", path.read_text())
        assert marked == [], f"{path.name}: name the file by a text instead"


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_config_runs_only_its_cells(project, change):
    path, value, jobs = CHANGES[change]
    assert project.jobs(changed(path, value)) == jobs


def test_the_command_line_changes_the_config_as_a_file_does(project):
    on_command_line = ("--config", "experiment={sizes: [40, 60], seeds: [0, 1]}", "arms={lstm: {hidden: 8}}")
    config = changed(("experiment", "sizes"), [40, 60])
    config["experiment"]["seeds"], config["arms"]["lstm"]["hidden"] = [0, 1], 8
    assert project.jobs(targets=on_command_line) == project.jobs(config) != project.jobs()


def test_one_more_arm_runs_only_its_cells(project):
    config = changed(("arms", "lstm-new"), NEW_ARM)
    config["experiment"]["arms"] = [*CONFIG["experiment"]["arms"], "lstm-new"]
    assert project.jobs(config) == cells(2, train_lstm=2) | timed(1)


def test_one_more_dataset_runs_only_its_cells(project):
    config = changed(("datasets", "toy2"), CONFIG["datasets"]["toy"] | {"seed": 1, "title": "Another"})
    config["experiment"]["datasets"] = ["toy", "toy2"]
    assert project.jobs(config) == cells(10, ingest=1, tokenize=1, subsample=2, **FEATURES, **RUNS) | timed(5)


def test_one_fewer_of_anything_only_scores_again(project):
    assert project.jobs(changed(("experiment", "sizes"), [40])) == ENDS | timed(5)  # at the largest size


ALL_CELLS = {"select": CELLS, "evaluate": CELLS} | timed(5) | ENDS
NEURAL = {"finetune_bert": 2, "train_lstm": 6, "select": 6, "evaluate": 6} | timed(3) | ENDS
EDITS = {
    # a module, an edit of its code, and the rules that run again: those that import it, and what follows
    "report/style.py": ("import matplotlib as mpl", "import cmath, matplotlib as mpl",
                        PLOTS | {"table_scores": 1, "page": 1}),
    "report/figures/gap.py": ("alpha=0.15", "alpha=0.16", {"plot_gap": 1, "all": 1}),
    "evaluation/metrics.py": ("float(max(low, score - half))", "float(max(low, score - half - 0.0))",
                              {"evaluate": CELLS} | timed(5) | ENDS),  # a model says whether it guesses
    "evaluation/select.py": ('if keep != "all"', 'if keep not in ("all",)', ALL_CELLS),
    "config/selection.py": ("max(scores, key", "max(list(scores), key", ALL_CELLS),
    # one family, and no other: it is trained, selected, tested and timed again
    "arms/lstm.py": ("dim=-1", "dim=2", {"train_lstm": 6, "select": 4, "evaluate": 4} | timed(2) | ENDS),
    "compute/time_axis.py": ("amax(dim=1)", "amax(1)",
                             {"train_lstm": 6, "select": 4, "evaluate": 4} | timed(2) | ENDS),
    "arms/bert.py": ("recipe[\"init\"] == \"pretrained\"", "recipe[\"init\"] in (\"pretrained\",)",
                     {"finetune_bert": 2, "select": 2, "evaluate": 2} | timed(1) | ENDS),
    "arms/tfidf.py": ("2**20", "2**21", {"train_tfidf": 4, "select": 2, "evaluate": 2} | timed(1) | ENDS),
    "arms/probe.py": ("examples.matrix", "(examples).matrix.view()",
                      {"train_probe": 2, "select": 2, "evaluate": 2} | timed(1) | ENDS),
    "compute/logistic.py": ("MAX_ITERATIONS = 1000", "MAX_ITERATIONS = 999",
                            {"train_tfidf": 4, "train_probe": 2, "select": 4, "evaluate": 4} | timed(2) | ENDS),
    # nothing is tested or timed again unless its run is: how a model is trained does not change how it is used
    "training/optimizer.py": ("else 0.0", "else 0.1", NEURAL),
    "training/loop.py": ("model.train()", "model.train(True)", NEURAL),
    "training/validation.py": ("torch.zeros(len(examples), ", "torch.zeros(len((*examples,)), ", NEURAL),
    "evaluation/predict.py": ('choice["selected"]', 'choice.get("selected")', {"evaluate": CELLS} | timed(5) | ENDS),
    "compute/inference.py": ("TOKENS_PER_BATCH = 4096", "TOKENS_PER_BATCH = 2048",
                             NEURAL | timed(5) | {**FEATURES, "train_probe": 2, "select": 8, "evaluate": 8}),
    # one source, and what follows from its examples
    "data/sources/docstrings.py": ("[:max_characters]", "[: max_characters - 1]", {}),
    # the tables that plan jobs are in no job's code
    "config/families.py": ("memory_mb=8000", "memory_mb=8001", {}),
    # a row of the architectures concerns what loads pretrained models; no text is tokenized again
    "files/architectures.py": ('"BERT"', '"Bert"', cells(
        6, extract_embeddings=1, **FEATURES, finetune_bert=2, train_lstm=2, train_probe=2, **timed(5)
    )),
    "plan/resources.py": ("= 20, 480, 10", "= 21, 480, 10", {}),
}  # fmt: skip


@pytest.mark.parametrize("module", EDITS)
def test_an_edited_module_reruns_the_rules_that_import_it(project, module):
    old, new, jobs = EDITS[module]
    with project.edited(module, old, new):
        assert project.jobs() == jobs


def test_comments_docstrings_formatting_and_touches_rerun_nothing(project):
    scripts = project.folder / "workflow" / "scripts"
    for path in scripts.rglob("*.py"):
        os.utime(path)
    with (
        project.edited("training/loop.py", '"""The one training loop', '"""One training loop'),
        project.edited("data/batches.py", "BATCHES_PER_CHUNK = 5", "BATCHES_PER_CHUNK = (5)  # batches"),
        project.edited("evaluation/score.py", "import pandas as pd\n", "import pandas as pd  # tables\n\n"),
    ):
        assert project.jobs() == {}


def test_another_order_of_keys_is_no_change(project):
    arms = {name: dict(reversed(arm.items())) for name, arm in CONFIG["arms"].items()}
    toy = dict(reversed(CONFIG["datasets"]["toy"].items()))
    assert project.jobs(CONFIG | {"arms": arms, "datasets": {"toy": toy}}) == {}


def test_new_weights_at_the_same_place_are_noticed(project):
    weights = project.folder / "tiny-bert" / "model.safetensors"
    before = weights.stat()
    os.utime(weights, (1, 1))
    try:
        # no text is tokenized again, and arms that use none of the weights stay
        assert project.jobs() == cells(
            6, extract_embeddings=1, **FEATURES, finetune_bert=2, train_lstm=2, train_probe=2, **timed(3)
        )
    finally:
        os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))


TOKENIZER_EDITS = {
    "its content": (lambda file: file.write_text(file.read_text() + " "), True),
    "its time": (lambda file: os.utime(file, (1, 1)), False),
}


@pytest.mark.parametrize("edit", TOKENIZER_EDITS)
def test_an_edited_tokenizer_tokenizes_anew(project, edit):
    change, matters = TOKENIZER_EDITS[edit]
    file = project.folder / "tiny-bert" / "tokenizer.json"
    text = file.read_text()
    change(file)
    try:
        jobs = cells(8, tokenize=1, **FEATURES, **READ_TOKENS, **timed(4))
        assert project.jobs() == (jobs if matters else {})
    finally:
        file.write_text(text)


# What is said of mistakes

MISTAKES = {
    "unknown key": (("arms", "bert", "epoch"), 3, "arms.bert: unknown key 'epoch'; did you mean 'epochs'?"),
    "2e-5 as text": (
        ("arms", "bert", "learning_rates"),
        ["2e-5"],
        "'2e-5' is text to YAML, not a number; write 2.0e-5",
    ),
    "unknown dataset": (("experiment", "datasets"), ["tay"], "no dataset 'tay' in datasets; did you mean 'toy'?"),
    "unknown arm": (("experiment", "arms"), ["bert", "lstn"], "no arm 'lstn' in arms; did you mean 'lstm'?"),
    "unknown tokenizer": (("arms", "lstm", "tokenizer"), "tinny", "arms.lstm.tokenizer: no model 'tinny' in models"),
    "missing file": (("datasets", "toy", "files"), "nope.csv", "datasets.toy.files: there is no file 'nope.csv'"),
    "unknown format": (("datasets", "toy", "files"), "Snakefile", "Snakefile: cannot tell its format from its name"),
    "size too large": (
        ("experiment", "sizes"),
        [40, 4000],
        "dataset 'toy': experiment.sizes: 4000 stands for 4,000 training examples, and there are 250; choose from 1 to",
    ),
    "size of 0": (("experiment", "sizes"), [0], "experiment.sizes[0]: 0 is for arms that need no labels"),
    "size of 150 %": (("experiment", "sizes"), ["150%"], "experiment.sizes[0]: '150%' is not a size"),
    "name outside results": (("arms", "../evil"), NEW_ARM, "'../evil' is not a name for an arm"),
    "unknown arm to time": (
        ("timing", "arms"),
        ["lstn"],
        "timing.arms[0]: no arm 'lstn' in arms; did you mean 'lstm'?",
    ),
    "an arm that cannot be timed": (("timing", "arms"), ["other"], "timing.arms[0]: no arm 'other'"),
    "unknown published arm": (
        ("published", "arms"),
        {"lstm": "LSTM-9"},
        "published.arms.lstm: 'LSTM-9' is not one of RoBERTa-Large, LSTM-4-256",
    ),
    "no such package": (
        ("datasets", "toy"),
        {"source": "docstrings", "packages": {"a": "no_such_package", "b": "json"}},
        "'no_such_package' is not an installed package",
    ),
}


def times_of(project):
    """Return when each file of the results was written."""
    return {path: path.stat().st_mtime_ns for path in (project.folder / "results").rglob("*") if path.is_file()}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_config_is_told_before_anything_runs(project, mistake):
    path, value, message = MISTAKES[mistake]
    before = times_of(project)
    done = project.snakemake(config=changed(path, value))
    assert done.returncode != 0 and message in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
    assert times_of(project) == before  # and nothing was touched


def test_a_key_that_stands_twice_is_told(project):
    (project.folder / "twice.yaml").write_text("experiment: {seeds: [1]}\nexperiment: {seeds: [2]}\n")
    done = project.snakemake("--dry-run", "--configfile", "twice.yaml")
    assert done.returncode != 0 and "twice.yaml: experiment stands twice, in lines 1 and 2" in done.stdout, done.stdout
    assert "Traceback" not in done.stdout


def test_bad_data_stops_the_workflow_before_any_training(project):
    (project.folder / "one-class.csv").write_text("text,label\n" + "".join(f"text {i},same\n" for i in range(50)))
    config = changed(("datasets", "bad"), CONFIG["datasets"]["toy"] | {"files": "one-class.csv"})
    config["experiment"]["datasets"] = ["bad"]
    done = project.snakemake(config=config)
    assert done.returncode != 0
    assert "ERROR in ingest: dataset 'bad': all labels are 'same'" in done.stdout
    assert "Traceback" not in done.stdout
    assert "Traceback" in (project.folder / "results/logs/ingest/bad.log").read_text()
    assert list((project.folder / "results").rglob("bad/*")) == []


@pytest.mark.parametrize(
    "target",
    [
        "toy/predictions/bert/n40/seed0.parquet",
        "embeddings/tiny.safetensors",
        "toy/features/tiny/length-32/test.parquet",
    ],
)
def test_weights_other_than_expected_are_refused(project, target):
    config = changed(("models", "tiny", "sha256"), "0" * 64)
    done = project.snakemake(f"results/{target}", config=config)
    assert done.returncode != 0
    assert re.search(r"model\.safetensors: SHA-256 is [0-9a-f]{64}, not 0{64}", done.stdout)
