"""The input files of jobs: by the family of the arm, and by which weights are still on disk."""

import json

import pyarrow as pa
import pytest

from helpers.plan import Wildcards, cell, make_catalogue
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.parquet import write_table
from pretrain_or_not.files.provenance import digest
from pretrain_or_not.plan import code
from pretrain_or_not.plan.inputs import JobInputs
from pretrain_or_not.plan.params import JobParams

TOKENS = {split: f"<results>/toy/tokens/tiny/{split}.parquet" for split in ("train", "validation", "test")}
FEATURES = {split: path.replace("tokens/tiny", "features/tiny/length-32") for split, path in TOKENS.items()}
RUNS = "<results>/toy/runs"


@pytest.mark.parametrize(
    ("arm", "files", "more"),
    [
        ("bert", TOKENS, {}),
        ("lstm", TOKENS, {}),
        ("lstm-bert-embeddings", TOKENS, {"embeddings": "<results>/embeddings/tiny.safetensors"}),
        ("tfidf", dict.fromkeys(TOKENS, "<results>/toy/examples.parquet"), {}),
        ("probe", FEATURES, {}),
    ],
)
def test_a_run_reads_what_its_family_reads(arm, files, more):
    inputs = JobInputs(make_catalogue())
    assert inputs.training_examples(cell(arm)) == files["train"]
    assert inputs.training(cell(arm)) == {"validation": files["validation"]} | more
    assert inputs.test(cell(arm)) == files["test"]
    assert inputs.embeddings(cell(arm)) == more


def test_selection_on_test_data_validates_on_them():
    inputs = JobInputs(make_catalogue(experiment={"selection": "test"}))
    assert inputs.training(cell("bert")) == {"validation": TOKENS["test"]}


def test_features_are_those_of_the_subsets_of_arms_that_read_them():
    subsets = [f"<results>/toy/subsets/n{size}/seed{seed}.parquet" for size in ("40", "50pct") for seed in (0, 3)]
    leave_out = [{"arms": ["probe"], "sizes": ["50%"], "seeds": [3]}]
    inputs = JobInputs(make_catalogue(experiment={"seeds": [0, 3], "exclude": leave_out}))
    assert inputs.feature_subsets(Wildcards(dataset="toy", model="tiny", length="32")) == subsets[:3]
    assert inputs.feature_subsets(Wildcards(dataset="toy", model="other", length="32")) == []
    taught = {"lstm": {"teacher": {"arm": "probe"}}}  # whose teacher is trained on the subset that is not scored, too
    inputs = JobInputs(make_catalogue(arms=taught, experiment={"seeds": [0, 3], "exclude": leave_out}))
    assert sorted(inputs.feature_subsets(Wildcards(dataset="toy", model="tiny", length="32"))) == sorted(subsets)


def test_features_of_another_length_are_other_files():
    inputs = JobInputs(make_catalogue(arms={"probe": {"max_length": None}}))
    assert inputs.training_examples(cell("probe")) == "<results>/toy/features/tiny/length-model/train.parquet"
    assert inputs.feature_subsets(Wildcards(dataset="toy", model="tiny", length="32")) == []
    assert len(inputs.feature_subsets(Wildcards(dataset="toy", model="tiny", length="model"))) == 2
    assert JobParams(inputs.catalogue).feature_length(Wildcards(length="model")) is None
    assert JobParams(inputs.catalogue).feature_length(Wildcards(length="32")) == 32


def test_states_of_other_layers_are_other_files_and_no_features_of_the_usual_ones():
    inputs = JobInputs(make_catalogue(arms={"probe": {"layers": "weighted", "pooling": "max"}}))
    assert inputs.test(cell("probe")) == "<results>/toy/features/tiny/length-32-all-max/test.parquet"
    place = {"dataset": "toy", "model": "tiny", "length": "32"}
    assert inputs.feature_subsets(Wildcards(place)) == []
    of_states = Wildcards(place, states="all-max", split="train")
    assert inputs.names_of_state_subsets(of_states) == ["n40/seed0", "n50pct/seed0"]
    assert inputs.state_subsets(Wildcards(of_states, split="test")) == []
    assert make_catalogue(arms={"probe": {"layers": 1}}).feature_folder("probe", "toy") == "length-32-1-mean"


def test_a_run_is_trained_if_it_has_the_recipe(tmp_path):
    inputs, run = JobInputs(make_catalogue(tmp_path)), Wildcards(cell("probe") | {"setting": "C0.1"})
    assert not inputs.is_trained(run, {"family": "probe"})
    folder = tmp_path / "toy/runs/probe/n40/seed0/C0.1"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"config_digest": digest({"family": "probe"})}))
    assert inputs.is_trained(run, {"family": "probe"})
    assert not inputs.is_trained(run, {"family": "probe", "class_weights": "balanced"})


def test_features_are_computed_again_for_a_new_subset_and_not_for_one_fewer(tmp_path):
    inputs, wildcards = JobInputs(make_catalogue(tmp_path)), Wildcards(dataset="toy", model="tiny", length="32")
    assert inputs.subsets_with_features(wildcards) == ["n40/seed0", "n50pct/seed0"]
    path = tmp_path / "toy/features/tiny/length-32/train.parquet"
    write_table(path, pa.table({"row": [1]}), subsets=["n40/seed0", "n9/seed1"])
    assert inputs.subsets_with_features(wildcards) == ["n40/seed0", "n50pct/seed0", "n9/seed1"]
    path.write_bytes(b"broken")
    assert inputs.subsets_with_features(wildcards) == ["n40/seed0", "n50pct/seed0"]


def test_runs_are_listed_in_the_order_of_the_sweep():
    inputs = JobInputs(make_catalogue(arms={"lstm": {"learning_rates": [2e-2, 1e-3]}}))
    folder = f"{RUNS}/lstm/n40/seed0"
    assert inputs.run_costs(cell("lstm")) == [f"{folder}/lr0.02/run.json", f"{folder}/lr0.001/run.json"]


def test_a_dataset_is_read_from_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.csv").touch()
    assert JobInputs(make_catalogue()).source_files(Wildcards(dataset="toy")) == ["toy.csv"]


def timing_path(arm, size, device="cpu"):
    """Return the path of a timing."""
    return f"<results>/toy/timing/{arm}/n{size}/seed0/{device}.parquet"


def test_there_is_a_timing_for_each_arm_at_its_largest_size_and_first_seed_and_for_each_device():
    timing = {"devices": {"cpu": [1, 2], "cuda": [8]}, "arms": ["tfidf", "lstm"]}
    experiment = {"seeds": [0, 1], "sizes": ["10%", 40, 9, "50%"], "exclude": [{"arms": ["lstm"], "sizes": ["50%"]}]}
    found = JobInputs(make_catalogue(timing=timing, experiment=experiment)).timings()
    expected = {timing_path("lstm", "10pct", device) for device in ("cpu", "cuda")}
    assert set(found) == expected | {timing_path("tfidf", "50pct", device) for device in ("cpu", "cuda")}
    assert len(found) == 4


def test_what_is_not_timed():
    for changes in ({"experiment": {"keep_models": "none"}}, {"timing": {"devices": {"cpu": [], "cuda": []}}}):
        assert JobInputs(make_catalogue(**changes)).timings() == []
    fixed = JobInputs(make_catalogue(timing={"length": 8})).timings()
    assert {path.split("/")[3] for path in fixed} == {"bert", "lstm", "lstm-bert-embeddings", "probe"}


def test_a_pattern_is_filled_in_for_every_cell():
    inputs = JobInputs(make_catalogue(experiment={"arms": ["bert", "tfidf"], "seeds": [0, 1]}))
    files = inputs.cells("{dataset}/{arm}/n{size}/seed{seed}")(None)
    assert files[:2] == ["toy/bert/n40/seed0", "toy/bert/n40/seed1"]
    assert len(files) == len(set(files)) == 2 * 2 * 2 and "toy/tfidf/n50pct/seed1" in files


# Weights that are gone

RATES = {"lr0.001": 0.7, "lr0.02": 0.9, "lr0.05": 0.8}  # validation accuracy of each run


@pytest.fixture
def folder(tmp_path):
    """The folder of a cell's runs."""
    return tmp_path / "results" / "toy" / "runs" / "lstm" / "n40" / "seed0"


def inputs_with(tmp_path, *settings):
    """Return the inputs for an LSTM that is trained with these learning rates."""
    rates = [float(setting.removeprefix("lr")) for setting in settings]
    return JobInputs(make_catalogue(tmp_path / "results", arms={"lstm": {"learning_rates": rates}}))


def train(folder, setting):
    """Leave what a run leaves; return the content of its run.json."""
    run = {"setting": setting, "metric": "accuracy", "validation_score": RATES[setting]}
    (folder / setting).mkdir(parents=True)
    (folder / setting / "run.json").write_text(json.dumps(run))
    for name in ("model.safetensors", "config.json"):
        (folder / setting / name).touch()
    return run


def delete_weights(folder, setting):
    for name in ("model.safetensors", "config.json"):
        (folder / setting / name).unlink()


def select(folder, setting):
    """Leave what the selection of a run leaves, but for the model in selected/."""
    run = json.loads((folder / setting / "run.json").read_text())
    (folder / "selected.json").write_text(json.dumps({"selected": run}))
    for other in RATES:
        if other != setting and (folder / other / "model.safetensors").exists():
            delete_weights(folder, other)


def weights(setting):
    return [f"{RUNS}/lstm/n40/seed0/{setting}/model.safetensors"]


def test_before_any_training_no_weights_are_lost(tmp_path):
    assert inputs_with(tmp_path, *RATES).lost_weights(cell("lstm")) == []


def test_before_selection_no_weights_are_lost(tmp_path, folder):
    for setting in RATES:
        train(folder, setting)
    assert inputs_with(tmp_path, *RATES).lost_weights(cell("lstm")) == []


def test_weights_that_lost_the_selection_are_not_needed(tmp_path, folder):
    for setting in RATES:
        train(folder, setting)
    select(folder, "lr0.02")
    inputs = inputs_with(tmp_path, *RATES)
    assert inputs.lost_weights(cell("lstm")) == []
    assert inputs_with(tmp_path, "lr0.02", "lr0.05").lost_weights(cell("lstm")) == []  # one that lost is dropped
    assert inputs.lost_weights(cell("lstm", seed="1")) == []  # of another cell


def test_the_second_best_run_is_trained_again_where_the_best_one_is_dropped(tmp_path, folder):
    for setting in RATES:
        train(folder, setting)
    select(folder, "lr0.02")
    assert inputs_with(tmp_path, "lr0.001", "lr0.05").lost_weights(cell("lstm")) == weights("lr0.05")


def test_weights_that_were_kept_are_not_trained_again(tmp_path, folder):
    for setting in RATES:
        train(folder, setting)
    (folder / "selected.json").write_text(json.dumps({"selected": {"setting": "lr0.02"}}))  # keep_models: all
    assert inputs_with(tmp_path, "lr0.001", "lr0.05").lost_weights(cell("lstm")) == []


def test_the_selected_run_is_trained_again_where_its_weights_are_gone(tmp_path, folder):
    for setting in RATES:
        train(folder, setting)
    select(folder, "lr0.02")
    delete_weights(folder, "lr0.02")
    assert inputs_with(tmp_path, *RATES).lost_weights(cell("lstm")) == weights("lr0.02")


@pytest.mark.parametrize("content", ["", "{", '{"setting": "lr0.05"'])
def test_a_broken_run_is_not_the_best(tmp_path, folder, content):
    for setting in RATES:
        train(folder, setting)
    select(folder, "lr0.02")
    (folder / "lr0.05" / "run.json").write_text(content)
    assert inputs_with(tmp_path, "lr0.001", "lr0.05").lost_weights(cell("lstm")) == weights("lr0.001")


def test_weights_of_a_tested_run_are_not_needed(tmp_path, folder):
    """With `keep_models: none`, the weights of all runs go once the selected one is tested."""
    runs = {setting: train(folder, setting) for setting in RATES}
    select(folder, "lr0.02")
    delete_weights(folder, "lr0.02")
    inputs = inputs_with(tmp_path, *RATES)
    assert inputs.untested_weights(cell("lstm")) == weights("lr0.02")  # there are no predictions
    predictions = tmp_path / "results" / "toy" / "predictions" / "lstm" / "n40" / "seed0.parquet"
    current = code.test_code(inputs.catalogue.family("lstm"), inputs.catalogue.metric)

    def predict(run, by):
        write_table(predictions, pa.table({"id": [0]}), run=digest(runs[run]), code=by)

    predict("lr0.02", current)
    assert inputs.untested_weights(cell("lstm")) == []
    predict("lr0.05", current)
    assert inputs.untested_weights(cell("lstm")) == weights("lr0.02")  # predictions of another run
    predict("lr0.02", "an earlier version")
    assert inputs.untested_weights(cell("lstm")) == weights("lr0.02")  # predictions of other code
    predictions.write_bytes(b"broken")
    assert inputs.untested_weights(cell("lstm")) == weights("lr0.02")


def test_weights_that_are_there_are_tested(tmp_path, folder):
    for setting in RATES:
        train(folder, setting)
    assert inputs_with(tmp_path, *RATES).untested_weights(cell("lstm")) == []


# Only what is there


@pytest.fixture
def partial(tmp_path):
    """Return the inputs of a partial experiment: its folder has one complete cell, and one that lacks predictions."""
    for arm, settings, parts in (("lstm", ["lr0.001", "lr0.02"], 2), ("bert", ["lr0.001"], 1)):
        folder = tmp_path / "results" / "toy" / "runs" / arm / "n40" / "seed0"
        for setting in settings:
            (folder / setting).mkdir(parents=True)
            (folder / setting / "run.json").touch()
        (folder / "selected.json").touch()
        if parts == 2:
            path = tmp_path / "results" / "toy" / "predictions" / arm / "n40" / "seed0.parquet"
            path.parent.mkdir(parents=True)
            path.touch()
    return JobInputs(make_catalogue(tmp_path / "results", experiment={"partial": True}))


LSTM = {"dataset": "toy", "arm": "lstm", "size": "40", "seed": 0}


def test_only_complete_cells_are_scored(partial):
    partial.check_partial()
    assert partial.scored_cells() == [LSTM] and partial.cells("{arm}/{size}")(None) == ["lstm/40"]
    assert partial.summaries(None) == ["<results>/toy/dataset.json"] and partial.timings() == []
    missing = partial.missing_cells()
    assert len(missing) == 9 and LSTM not in missing and partial.progress() == (1, missing)


@pytest.mark.parametrize("gone", ["lr0.02/run.json", "selected.json"])
def test_a_cell_of_which_a_part_is_gone_is_not_complete(partial, gone):
    """A failed job leaves none of its files, and what was made of them before is of another run."""
    (partial.folder(LSTM) / gone).unlink()
    assert partial.scored_cells() == []
    with pytest.raises(BadInput, match=r"experiment\.partial: no cell is complete yet"):
        partial.check_partial()


def test_timings_that_exist_are_in_a_partial_table(partial):
    path = partial.catalogue.results / "toy" / "timing" / "lstm" / "n40" / "seed0" / "cpu.parquet"
    path.parent.mkdir(parents=True)
    path.touch()
    assert partial.timings() == [timing_path("lstm", 40)]


def test_without_partial_all_cells_are_scored_and_none_is_missing(partial):
    inputs = JobInputs(make_catalogue(partial.catalogue.results))
    assert len(inputs.scored_cells()) == 10 and inputs.missing_cells() == [] and inputs.progress()[0] == 1
