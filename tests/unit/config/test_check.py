"""The config is checked before the DAG is built: each mistake gives one line with its place and what would be right."""

import copy

import pytest
import yaml

from helpers.configs import CONFIG, DROP, complaint, put, valid
from helpers.processes import run_python
from pretrain_or_not.config.check import check_config
from pretrain_or_not.errors import BadInput

# place, YAML of what is put there, then what the one line must say: its beginning and a hint
MISTAKES = [
    # misspelt and unknown keys
    ("arms/minilm/epoch", "3", "arms.minilm: unknown key 'epoch'; did you mean 'epochs'? (allowed: family, ", "clip"),
    ("arms/minilm/hidden", "3", "arms.minilm: unknown key 'hidden'", "(allowed: "),
    ("arms/tfidf/learning_rates", "[1]", "arms.tfidf: unknown key 'learning_rates'", "words"),
    ("experiment/seed", "[0]", "experiment: unknown key 'seed'; did you mean 'seeds'?", "allowed"),
    ("dataset", "{}", "unknown key 'dataset'; did you mean 'datasets'? (allowed: pathvars, experiment", "models"),
    ("datasets/yelp/splits/valid", "0.1", "datasets.yelp.splits: unknown key 'valid'", "validation, test"),
    ("datasets/ready/files/dev", "x.csv", "datasets.ready.files: unknown key 'dev'", "train, validation, test"),
    ("models/minilm/Path", "x", "models.minilm: unknown key 'Path'; did you mean 'path'?", "sha256"),
    ("arms/minilm/a\nb", "1", "arms.minilm: unknown key 'a\\nb'", "allowed"),
    # numbers
    (
        "arms/minilm/learning_rates/0",
        "2e-5",
        "arms.minilm.learning_rates[0]: '2e-5' is text to YAML, not a number",
        "write 2.0e-5",
    ),
    ("arms/minilm/learning_rates", "2e-5", "arms.minilm.learning_rates: '2e-5' is text, not a list", "write [2.0e-5]"),
    (
        "arms/minilm/learning_rates",
        "2.0e-5",
        "arms.minilm.learning_rates: 2.0e-5 is a number, not a list",
        "write [2.0e-5]",
    ),
    ("arms/minilm/learning_rates/1", "1.0e-4", "arms.minilm.learning_rates[1]: 0.0001 is in the list already", ""),
    ("arms/minilm/learning_rates/1", "0", "arms.minilm.learning_rates[1]: 0 is out of range", "a number above 0"),
    ("arms/minilm/learning_rates/1", ".nan", "arms.minilm.learning_rates[1]: nan is not a finite number", ""),
    ("arms/minilm/learning_rates/1", ".inf", "arms.minilm.learning_rates[1]: inf is not a finite number", ""),
    ("arms/minilm/learning_rates", "[]", "arms.minilm.learning_rates: [] has too few entries", "at least 1"),
    ("arms/minilm/batch_size", "'32'", "arms.minilm.batch_size: '32' is text to YAML, not a number", "write 32"),
    ("arms/minilm/min_steps", "1e3", "arms.minilm.min_steps: '1e3' is text to YAML, not a number", "write 1000"),
    (
        "datasets/yelp/splits/validation",
        "1,000",
        "datasets.yelp.splits.validation: '1,000' is text to YAML",
        "write 1000",
    ),
    ("arms/minilm/batch_size", "32.0", "arms.minilm.batch_size: 32.0 is not a whole number", "write 32"),
    ("arms/minilm/batch_size", "1.5", "arms.minilm.batch_size: 1.5 is not a whole number", "at least 1"),
    ("arms/minilm/batch_size", "0", "arms.minilm.batch_size: 0 is out of range", "a whole number of at least 1"),
    ("arms/minilm/batch_size", "yes", "arms.minilm.batch_size: true is a yes/no value", "a whole number"),
    ("arms/minilm/epochs", "0", "arms.minilm.epochs: 0 is out of range", "above 0"),
    ("arms/minilm/epochs", "null", "arms.minilm.epochs: is empty (null)", "a number above 0"),
    ("arms/minilm/warmup", "1.0", "arms.minilm.warmup: 1.0 is out of range", "a number of at least 0 and below 1"),
    ("arms/lstm/dropout", "-0.1", "arms.lstm.dropout: -0.1 is out of range", "a number of at least 0 and below 1"),
    ("plan", "{flops_per_second: 4e13}", "plan.flops_per_second: '4e13' is text to YAML, not a number", "write 4"),
    ("plan", "{flops_per_second: 0}", "plan.flops_per_second: 0 is out of range", "a number above 0"),
    ("costs", "{hours: 2}", "costs: unknown key 'hours'; did you mean 'hour'?", "predictions_per_month"),
    ("target", "0.9", "target: 0.9 is below 1, and scores are shown times 100", "write 90"),
    ("target", "high", "target: 'high' is text", "number or null"),
    ("costs", "{hour: -2}", "costs.hour: -2 is out of range", "a number of at least 0"),
    ("arms/minilm/patience", "0", "arms.minilm.patience: 0 is out of range", "a whole number of at least 1 or null"),
    ("arms/minilm/clip", "0", "arms.minilm.clip: 0 is out of range", "a number above 0 or null"),
    ("arms/tfidf/words/1", "10", "arms.tfidf.words[1]: 10 is out of range", "at least 1 and at most 9"),
    ("arms/tfidf/words", "2", "arms.tfidf.words: 2 is a number", "give a list ([…]) or null"),
    ("arms/tfidf/words", "[2]", "arms.tfidf.words: [2] is not a range of lengths", "longest n-gram, such as [1, 2]"),
    ("arms/tfidf/words", "[2, 1]", "arms.tfidf.words: [2, 1] begins above its end", "shortest n-gram first"),
    (
        "arms/tfidf",
        "{family: tfidf, tokenizer: minilm, characters: [2, 5]}",
        "arms.tfidf.characters: [2, 5] needs texts",
        "with a tokenizer the arm reads tokens; leave one of the two out",
    ),
    ("arms/tfidf/words", "null", "arms.tfidf.words: null leaves no feature", "give a range such as [1, 2]"),
    ("arms/tfidf/max_length", "64", "arms.tfidf.max_length: 64 counts tokens", "reads complete texts; leave it out"),
    ("arms/lstm/max_length", "2", "arms.lstm.max_length: 2 is no length", "give a number of tokens from 3 on, dataset"),
    ("arms/lstm/max_length", "all", "arms.lstm.max_length: 'all' is no length", "dataset, or null"),
    ("arms/tfidf/C/1", "-1", "arms.tfidf.C[1]: -1 is out of range", "above 0"),
    ("datasets/yelp/max_length", "2", "datasets.yelp.max_length: 2 is out of range", "at least 3"),
    ("experiment/seeds", "0", "experiment.seeds: 0 is a number, not a list", "write [0]"),
    ("experiment/seeds/1", "-1", "experiment.seeds[1]: -1 is out of range", "at least 0"),
    ("experiment/seeds/1", "0", "experiment.seeds[1]: 0 is in the list already", ""),
    ("experiment/seeds/1", "5000000000", "experiment.seeds[1]: 5000000000 is out of range", "at most 4294967295"),
    ("experiment/seeds/1", hex(10**5000), "experiment.seeds[1]: a number this large", "mistake"),
    ("experiment/validation_max", "0", "experiment.validation_max: 0 is out of range", "at least 1"),
    # choices
    (
        "arms/minilm/schedule",
        "linaer",
        "arms.minilm.schedule: 'linaer' is not one of linear, cosine, constant",
        "mean 'linear'?",
    ),
    ("arms/minilm/precision", "fp16", "arms.minilm.precision: 'fp16' is not one of auto, fp32, bf16", "did you mean"),
    ("arms/minilm/family", "roberta", "arms.minilm.family: 'roberta' is not one of bert, lstm, tfidf", "mean 'bert'?"),
    ("experiment/metric", "acc", "experiment.metric: 'acc' is not one of accuracy", "mean 'accuracy'?"),
    ("experiment/keep_models", "no", "experiment.keep_models: false is not one of all, selected, none", ""),
    ("datasets/yelp/source", "file", "datasets.yelp.source: 'file' is not one of docstrings, files", "mean 'files'?"),
    (
        "datasets/yelp/format",
        "jsonl",
        "datasets.yelp.format: 'jsonl' is not one of parquet, csv, tsv, json, fasttext, folders, null",
        "'json'",
    ),
    ("arms/lstm/freeze_embeddings", "'yes'", "arms.lstm.freeze_embeddings: 'yes' is text", "give true or false"),
    # what is missing, empty or of another shape
    ("arms/minilm/learning_rates", DROP, "arms.minilm: 'learning_rates' is missing (the sweep", "validation data"),
    ("arms/minilm/family", DROP, "arms.minilm: 'family' is missing (what is trained", "lstm"),
    ("arms/minilm/family", DROP, "arms.minilm: 'family' is missing (what is trained", "name that file first"),
    ("experiment", DROP, "'experiment' is missing (which cells", ""),
    ("experiment", "null", "experiment: is empty (null)", "a mapping (key: value)"),
    ("arms", "null", "arms: is empty (null)", "a mapping (key: value)"),
    ("arms", "[minilm]", "arms: ['minilm'] is a list", "a mapping (key: value)"),
    ("arms/minilm", "null", "arms.minilm: is empty (null)", "a mapping"),
    ("pathvars", "null", "pathvars: is empty (null)", "a mapping"),
    ("pathvars/results", "''", "pathvars.results: '' is empty", "give text"),
    ("pathvars/results", "2024", "pathvars.results: 2024 is a number to YAML, not text", '"2024"'),
    (
        "experiment/datasets",
        "docstrings",
        "experiment.datasets: 'docstrings' is text, not a list",
        "write ['docstrings']",
    ),
    ("experiment/sizes", "[]", "experiment.sizes: [] has too few entries", "at least 1"),
    ("arms/minilm/title", "2024-01-01", "arms.minilm.title: 2024-01-01 is a date to YAML, not text", "quotes"),
    ("arms/minilm/title", "!!set {a}", "arms.minilm.title: {'a'} is a set", "give text"),
    ("arms/lstm/title", "[[[[[[[[[[[[[]]]]]]]]]]]]]", "arms.lstm.title[0]: is nested too deep", "alias"),
    ("arms/minilm/title", "&a [*a]", "arms.minilm.title[0]: is nested too deep, or contains itself", "alias"),
    # names
    (
        "arms/..|evil",
        "{family: tfidf, tokenizer: minilm}",
        "arms: '../evil' is not a name for an arm",
        "letters, digits, '.', '_' and '-', starting",
    ),
    ("models/-m", "{path: x}", "models: '-m' is not a name for a model", "starting with a letter or digit"),
    ("models/m\n", "{path: x}", "models: 'm\\n' is not a name for a model", "letters"),
    ("datasets/a b", "{source: files, files: x}", "datasets: 'a b' is not a name for a dataset", "letters"),
    (
        "datasets/figures",
        "{source: files, files: x}",
        "datasets: 'figures' is the name of a file or folder of the workflow",
        "another",
    ),
    (
        "experiment/arms/1",
        "lstn",
        "experiment.arms[1]: no arm 'lstn' in arms; did you mean 'lstm'?",
        "(there are: minilm, ",
    ),
    ("experiment/arms/1", "minilm", "experiment.arms[1]: 'minilm' is in the list already", ""),
    ("experiment/arms/1", "no", "experiment.arms[1]: false is a yes/no value to YAML, not text", "in quotes"),
    ("experiment/arms/0", "minlm", "experiment.arms[0]: no arm 'minlm' in arms; did you mean 'minilm'?", "lstm"),
    (
        "experiment/datasets/1",
        "help",
        "experiment.datasets[1]: no dataset 'help' in datasets",
        "(there are: docstrings",
    ),
    ("experiment/reference", "tfidf", "experiment.reference: 'tfidf' is not one of experiment.arms", "minilm, lstm"),
    (
        "arms/minilm/model",
        "minlm",
        "arms.minilm.model: no model 'minlm' in models; did you mean 'minilm'?",
        "roberta-base",
    ),
    ("arms/tfidf/tokenizer", "x", "arms.tfidf.tokenizer: no model 'x' in models", "(there are: minilm, roberta-base)"),
    ("arms/lstm/embeddings", "glove", "arms.lstm.embeddings: no model 'glove' in models", "(there are: "),
    (
        "arms/lstm/embeddings",
        "roberta-base",
        "arms.lstm.embeddings: 'roberta-base' is not the tokenizer, 'minilm'",
        "same model",
    ),
    # sizes
    (
        "experiment/sizes/2",
        "0",
        "experiment.sizes[2]: 0 is for arms that need no labels",
        "leave 0 out",
    ),
    ("experiment/sizes/2", "true", "experiment.sizes[2]: true is not a size", "count"),
    ("experiment/sizes/2", "0%", "experiment.sizes[2]: '0%' is not a size", "above 0 %"),
    ("experiment/sizes/2", "100.1%", "experiment.sizes[2]: '100.1%' is not a size", "up to 100 %"),
    ("experiment/sizes/2", "0.1", "experiment.sizes[2]: 0.1 is not a size", 'write "10%" for a share'),
    ("experiment/sizes/2", "'500'", "experiment.sizes[2]: '500' is not a size", "write 500"),
    ("experiment/sizes/2", "1e3", "experiment.sizes[2]: '1e3' is not a size", "write 1000"),
    ("experiment/sizes/2", "null", "experiment.sizes[2]: null is not a size", "count"),
    ("experiment/sizes/2", "[1]", "experiment.sizes[2]: [1] is not a size", "count"),
    ("experiment/sizes/2", "0.50%", "experiment.sizes[3]: '0.5%' is in the list already", "sizes[2]"),
    # datasets
    (
        "datasets/yelp/labels/positive/0",
        "2",
        "datasets.yelp.labels.positive[0]: 2 belongs to class 'negative' already",
        "one",
    ),
    ("datasets/yelp/labels/positive", "4", "datasets.yelp.labels.positive: 4 is a number, not a list", "write [4]"),
    ("datasets/yelp/labels/positive/0", "yes", "datasets.yelp.labels.positive[0]: true is a yes/no value", "in quotes"),
    ("datasets/yelp/labels", "{a: [1]}", "datasets.yelp.labels: {'a': [1]} has too few entries", "at least 2"),
    (
        "datasets/yelp/labels",
        "{1: [1], b: [2]}",
        "datasets.yelp.labels: the key 1 is a number to YAML",
        'in quotes: "1"',
    ),
    ("datasets/yelp/labels", "{no: [1], b: [2]}", "datasets.yelp.labels: the key false is a yes/no value", "in quotes"),
    ("datasets/yelp/labels", "{~: [1], b: [2]}", "datasets.yelp.labels: the key null is null to YAML", '"null"'),
    ("datasets/yelp/files", "[]", "datasets.yelp.files: [] has too few entries", "at least 1"),
    ("datasets/yelp/files", "3", "datasets.yelp.files: 3 is a number to YAML, not text", '"3"'),
    ("datasets/yelp/files", "''", "datasets.yelp.files: '' is empty", "give text or a list"),
    ("datasets/ready/files/train", DROP, "datasets.ready.files: 'train' is missing", "path of a file"),
    ("datasets/ready/split", "part", "datasets.ready.split: 'part' is one too many", "files names the splits already"),
    ("datasets/yelp/header", "false", "datasets.yelp.header: is false, so name all columns", "columns: [label, text]"),
    ("datasets/yelp/columns", "[a, b]", "datasets.yelp.columns: names the columns of files without", "`header: false`"),
    ("datasets/yelp/delimiter", "ab", "datasets.yelp.delimiter: 'ab' is not a delimiter", "give one character"),
    ("datasets/yelp/quoting", "never", "datasets.yelp.quoting: 'never' is not one of standard, none", ""),
    ("datasets/yelp/encoding", "cp1525", "datasets.yelp.encoding: 'cp1525' is no encoding that Python", "cp1252"),
    ("datasets/yelp/pair", "[a]", "datasets.yelp.pair: ['a'] is not a pair", "name two columns"),
    ("datasets/yelp/text", "[]", "datasets.yelp.text: [] has too few entries", "at least 1"),
    ("datasets/yelp/text", "[a, stars]", "datasets.yelp.label: 'stars' is the column of the text too", "another one"),
    ("datasets/ready/pair", "[a, label]", "datasets.ready.label: 'label' is the column of the text too", "another one"),
    ("datasets/ready/label", "text", "datasets.ready.label: 'text' is the column of the text too", "another one"),
    ("datasets/yelp/stratify", "'no'", "datasets.yelp.stratify: 'no' is text", "true or false"),
    ("datasets/yelp/near_duplicates", "drop", "datasets.yelp.near_duplicates: 'drop' is not one of count, remove", ""),
    ("datasets/yelp/where", "''", "datasets.yelp.where: '' is empty", "give text"),
    ("datasets/yelp/groups", "country", "datasets.yelp.groups: 'country' is text, not a list", "write ['country']"),
    ("experiment/stratify", "1", "experiment.stratify: 1 is a number", "true or false"),
    ("datasets/yelp/splits/test", "1.0", "datasets.yelp.splits.test: 1.0 is not an amount of rows", "below 1"),
    ("datasets/yelp/splits/test", "0", "datasets.yelp.splits.test: 0 is not an amount of rows", "a count such as 1000"),
    ("datasets/yelp/splits", "{validation: 0.95}", "datasets.yelp.splits: the shares of validation and test", "1.05"),
    ("datasets/docstrings/packages", "{a: torch}", "datasets.docstrings.packages: {'a': 'torch'} has too few", "2"),
    (
        "datasets/docstrings/packages/torch",
        "py-torch",
        "datasets.docstrings.packages.torch: 'py-torch' is not",
        "sklearn",
    ),
    (
        "datasets/docstrings/packages/torch",
        "sklearn",
        "datasets.docstrings.packages.scikit-learn: 'sklearn' belongs",
        "'torch'",
    ),
    ("datasets/docstrings/mentions/0", "''", "datasets.docstrings.mentions[0]: '' is empty", "give text"),
    # titles
    (
        "arms/lstm/title",
        "minilm",
        "arms.lstm.title: 'minilm' is what arms 'minilm' and 'lstm' are both called",
        "give one of them another title",
    ),
    (
        "datasets/yelp/title",
        "' Docstrings '",
        "datasets.yelp.title: ' Docstrings ' is what datasets",
        "give one of them another title",
    ),
    # models
    ("models/minilm/path", "package:x", "models.minilm.path: 'package:x' is not the place", "package:NAME/FOLDER"),
    ("models/minilm/path", "''", "models.minilm.path: '' is not the place", "Hugging Face Hub id"),
    ("models/minilm/revision", "0123abc", "models.minilm.revision: '0123abc' is a revision: 'package:gt_all", "leave"),
    ("models/minilm/revision", "0123456", "models.minilm.revision: 42798 is a number to YAML, not text", "quotes"),
    ("models/minilm", "{path: ./m, revision: v1}", "models.minilm.revision: 'v1' is a revision: './m' is on", "leave"),
    ("models/minilm/sha256", "abc", "models.minilm.sha256: 'abc' is not a SHA-256", "64 hex digits"),
    ("models/minilm/sha256", "1" * 64, "models.minilm.sha256: a number this large", "put it in quotes"),
]


@pytest.mark.parametrize("place, value, start, hint", MISTAKES, ids=[f"{i}-{m[0]}" for i, m in enumerate(MISTAKES)])
def test_a_mistake_is_one_line_with_its_place_and_a_hint(place, value, start, hint):
    config = put(valid(), place, value if value is DROP else yaml.safe_load(value))
    lines = complaint(config)
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"config: {start}"), lines[0]
    assert hint in lines[0]


@pytest.mark.parametrize(
    "right, wrong, start",
    [
        ("arms/minilm/learning_rates", "learning_rate", "arms.minilm: unknown key 'learning_rate'; did you mean"),
        ("arms/minilm/family", "famly", "arms.minilm: unknown key 'famly'; did you mean 'family'?"),
        ("datasets/yelp/source", "sources", "datasets.yelp: unknown key 'sources'; did you mean 'source'?"),
        ("experiment", "experiments", "unknown key 'experiments'; did you mean 'experiment'?"),
        ("models", "model", "unknown key 'model'; did you mean 'models'?"),
    ],
)
def test_a_misspelled_required_key_is_one_mistake(right, wrong, start):
    config = valid()
    at = config
    *way, last = right.split("/")
    for part in way:
        at = at[part]
    at[wrong] = at.pop(last)
    (line,) = complaint(config)
    assert line.startswith(f"config: {start}")


def test_a_folder_has_no_revision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = put(valid(), "models/roberta-base", {"path": "org/model", "revision": "v1"})
    check_config(config)
    (tmp_path / "org" / "model").mkdir(parents=True)
    (line,) = complaint(config)
    assert line.startswith("config: models.roberta-base.revision: 'v1' is a revision: 'org/model' is on this machine")


@pytest.mark.parametrize(
    ("keys", "seeds", "start"),
    [
        ({}, [0, 1, 2, 3, 4], None),
        ({}, [0, 1, 2, 4], "experiment.seeds: with `folds: 5` of dataset 'docstrings', 0 to 4 are a round"),
        ({"splits": {"test": 100}}, [0, 1, 2, 3, 4], "datasets.docstrings.folds: 5: each fold is a test set"),
        ({"near_duplicates": "remove"}, [0, 1, 2, 3, 4], "datasets.docstrings.near_duplicates: 'remove' needs splits"),
    ],
)
def test_folds_go_with_whole_rounds_and_without_other_splits(keys, seeds, start):
    config = valid()
    config["datasets"]["docstrings"] |= {"splits": {}, "folds": 5} | keys
    config["experiment"] |= {"datasets": ["docstrings"], "seeds": seeds, "exclude": []}
    if start is None:
        check_config(config)
        return
    (line,) = complaint(config)
    assert line.startswith(f"config: {start}")


def test_an_arm_of_which_no_cell_is_left_is_told():
    config = valid()
    arms = config["experiment"]["arms"]
    config["experiment"]["exclude"] = [{"arms": [arms[-1]], "sizes": config["experiment"]["sizes"]}]
    assert complaint(config) == [
        f"config: experiment.arms[{len(arms) - 1}]: {arms[-1]!r} has no cell, as `exclude` leaves out all of them; "
        "leave it out of `arms`, or drop an entry"
    ]


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("source", [{"source": "hub", "id": "org/data"}, {"source": "files"}])
def test_folds_go_with_data_that_name_their_training_rows_only(source, split):
    config = valid()
    splits = {"train": "a.csv"} | {split: "b.csv"}
    config["datasets"] = {"d": source | {"split" if "id" in source else "files": splits, "folds": 5}}
    config["experiment"] |= {"datasets": ["d"], "seeds": [0, 1, 2, 3, 4], "exclude": []}
    config.pop("published", None)
    if split == "train":
        check_config(config)
    else:
        assert "each fold is a test set, and" in complaint(config)[0]


def test_every_mistake_is_found_and_ten_are_shown():
    config = valid()
    put(config, "arms/minilm/epochs", 0)
    put(config, "experiment/reference", "x")
    put(config, "datasets/yelp/seed", -1)
    assert len(complaint(config)) == 3
    config["experiment"]["sizes"] = [-i for i in range(20)]
    lines = complaint(config)
    assert len(lines) == 11
    assert lines[-1] == "config: … and 13 more"


@pytest.mark.parametrize("config", [None, [], {}, "text", 3, True, {None: 1}, {1: {2: 3}}])
def test_values_that_are_not_a_config(config):
    assert all(line.startswith("config: ") for line in complaint(config))


def places(value, place=()):
    """Yield every place in a config: leaves, sections and the root."""
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*place, key))


@pytest.mark.parametrize("section", ["pathvars", "experiment", "datasets", "models", "arms"])
def test_any_value_in_any_place_is_accepted_or_bad_input(section):
    for place in [(section, *rest) for rest in places(valid()[section])]:
        for value in [None, [], {}, "x", -1, 1.5, True, 10**12, [None], [[]], [{}], {"x": None}, {None: []}, "\n", ""]:
            config = valid()
            at = config
            for part in place[:-1]:
                at = at[part]
            at[place[-1]] = copy.deepcopy(value)
            try:
                check_config(config)
            except BadInput as error:
                assert all(line.startswith("config: ") for line in str(error).splitlines())
            if isinstance(at, dict):
                at[10**12] = at.pop(place[-1])
                with pytest.raises(BadInput):
                    check_config(config)


def test_checking_imports_no_large_library():
    """The check runs whenever the Snakefile is parsed, and every cluster job parses it."""
    code = """
import sys, yaml
from pretrain_or_not.config.check import check_config
check_config(yaml.safe_load(sys.stdin.read()))
print([m for m in ('torch', 'transformers', 'pandas', 'pyarrow', 'numpy') if m in sys.modules])
"""
    done = run_python(code, input=CONFIG, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"ignore_labels": ["N/A", 4.0]},
            r"ignore_labels\[1\]: 4\.0 belongs to class 'b' of `labels`; leave it out of one",
        ),
        (
            {"labels": {"a": [1], "b": ["N/A"]}, "ignore_labels": ["N/A"]},
            r"ignore_labels\[0\]: 'N/A' belongs to class 'b'",
        ),
        (
            {"shifts": {"x": {"files": "x.csv", "labels": {"a": [1, 3], "b": [3]}}}},
            r"shifts\.x\.labels\.b\[0\]: 3 belongs to",
        ),
        (
            {"ignore_labels": [3], "shifts": {"x": {"files": "x.csv", "labels": {"a": [1], "b": [3]}}}},
            r"shifts\.x\.ignore_labels\[0\]: 3 belongs to class 'b' of `labels`",
        ),
        (
            {
                "ignore_labels": [3],
                "shifts": {"x": {"files": "x.csv", "labels": {"a": [1], "b": [3]}, "ignore_labels": None}},
            },
            r"shifts\.x\.ignore_labels\[0\]: 3 belongs to class 'b' of `labels`",
        ),
        (
            {"shifts": {"x": {"files": "x.csv", "labels": {"a": [1], "b": [3]}, "ignore_labels": ["3"]}}},
            r"shifts\.x\.ignore_labels\[0\]: '3' belongs to class 'b' of `labels`",
        ),
    ],
)
def test_a_value_whose_rows_are_left_out_is_in_no_class(keys, message):
    config = yaml.safe_load(CONFIG)
    config["datasets"]["yelp"]["labels"] = {"a": [1], "b": [4]}
    config["datasets"]["yelp"] |= keys
    with pytest.raises(BadInput, match=rf"datasets\.yelp\.{message}"):
        check_config(config)


def test_a_value_is_in_one_class_however_it_is_written():
    config = yaml.safe_load(CONFIG)
    config["datasets"]["yelp"]["labels"] = {"a": [1, 5], "b": ["1.0", 2]}
    with pytest.raises(BadInput, match=r"datasets\.yelp\.labels\.b\[0\]: '1\.0' belongs to class 'a' already"):
        check_config(config)


@pytest.mark.parametrize(
    ("keys", "start"),
    [
        (
            {"group": "author", "time": "date"},
            "config: datasets.yelp.group: 'author' is one too many: splits are cut by",
        ),
        (
            {"pair": ["a", "b"], "text": "a"},
            "config: datasets.yelp.pair: names two texts in place of `text`; leave out",
        ),
    ],
)
def test_two_keys_that_exclude_each_other_are_named(keys, start):
    config = valid()
    config["datasets"]["yelp"].pop("text", None)
    config["datasets"]["yelp"] |= keys
    assert complaint(config)[0].startswith(start)
