"""Tables have the right numbers, in valid Markdown, LaTeX and pictures for any title."""

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from helpers.tables import write_frame
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.numbers import number, with_spread
from pretrain_or_not.config.schema import schema
from pretrain_or_not.report.markup import html, latex, markdown, prose, terminal
from pretrain_or_not.report.notes import busy_notes
from pretrain_or_not.report.published import matched, study
from pretrain_or_not.report.table import Table, as_latex, as_markdown, as_page
from pretrain_or_not.report.tables.inference import as_table as inference_table
from pretrain_or_not.report.tables.scores import as_table as score_table
from pretrain_or_not.report.tables.scores import by_size, table_scores
from pretrain_or_not.report.times import measurements, milliseconds, ratio

STUDY = {"name": "A et al.", "reference": "Theirs", "speed_up": "an LSTM 20 times as fast", "timed": ["lstm", "bert"]}
HOSTILE = ["a|b", "<script>alert(1)</script>", "50 % & more", "snake_case^2~x", r"\input{x} $x$ #1",
           "`code` *b* [l](u)", "line\nbreak", '"quoted" ± µ − é']  # fmt: skip


def scores_and_gaps():
    """Two arms, two datasets; the second arm lacks the largest size of the second dataset."""
    rows = []
    for dataset in ("d", "e"):
        for arm, accuracies in (("big", (0.90, 0.92)), ("small", (0.89, 0.90))):
            for n in (100, 1000):
                if (dataset, arm, n) == ("e", "small", 1000):
                    continue
                for seed, accuracy in enumerate(accuracies):
                    rows.append({
                        "dataset": dataset, "dataset_title": dataset.upper(), "arm": arm, "arm_title": arm, "n": n,
                        "seed": seed, "share": n / 1000, "accuracy": accuracy + n / 1e5, "selection": "validation",
                        "status": "ok", "metric": "accuracy", "accuracy_guessing": 0.5, "folds": 0,
                        "test_examples": 2000,
                        "parameters": 2e6, "parameters_trained": 1e6, "parameters_embedding": 5e5,
                    })  # fmt: skip
    scores = pd.DataFrame(rows)
    scores["score_mean"] = scores.groupby(["dataset", "arm", "n"])["accuracy"].transform("mean")
    scores["score_mean_low"], scores["score_mean_high"] = scores["score_mean"] - 0.02, scores["score_mean"] + 0.02
    gaps = scores[scores["arm"] == "small"][["dataset", "arm", "n", "seed", "selection"]].copy()
    gaps["gap"], gaps["gap_se"], gaps["reference"] = gaps["seed"].map({0: 1.0, 1: 2.0}), 0.25, "big"
    return scores, gaps.assign(folds=0, gap_mean=1.5, gap_mean_low=1.0, gap_mean_high=2.0)


PUBLISHED = [{"dataset": "d", "arm": "small", "share": 1.0, "accuracy": 76.37, "gap": 2.48}]


def score_tables(scores, gaps, published=(), metric=ACCURACY):
    """Return the table of each dataset, by its name."""
    rows = by_size(scores, gaps, list(published), metric)
    return {name: score_table(part, "big", STUDY, metric) for name, part in rows.groupby("dataset")}


def test_a_table_says_that_labels_for_validation_are_counted():
    scores, gaps = (table.assign(budget="total") for table in scores_and_gaps())
    assert score_tables(scores, gaps)["d"].caption.endswith("by the number of labels, those for validation included")
    assert score_tables(*scores_and_gaps())["d"].caption.endswith("by the number of labels")


def test_scores_and_gaps_of_every_size():
    table = by_size(*scores_and_gaps(), PUBLISHED, ACCURACY).set_index(["dataset", "arm", "n"])
    assert list(table.index) == [("d", "big", 100), ("d", "big", 1000), ("d", "small", 100), ("d", "small", 1000),
                                 ("e", "big", 100), ("e", "big", 1000), ("e", "small", 100)]  # fmt: skip
    small = table.loc[("d", "small", 1000)]
    assert small["score"] == pytest.approx(90.5) and small["score_high"] == pytest.approx(92.5)
    assert small["gap"] == pytest.approx(1.5) and small["gap_95"] == pytest.approx(0.5)
    assert (small["published_accuracy"], small["published_gap"]) == (76.37, 2.48)
    assert table["published_accuracy"].notna().sum() == 1  # beside the largest size
    assert np.isnan(table.loc[("e", "big", 1000), "gap"])


def test_cells_that_are_not_finite_are_named_in_the_table():
    scores, gaps = scores_and_gaps()
    lost = (scores["dataset"] == "d") & (scores["n"] == 1000) & ((scores["arm"] == "small") | (scores["seed"] == 0))
    scores.loc[lost, ["accuracy", "status"]] = [np.nan, "not finite"]
    scores["score_mean"] = scores.groupby(["dataset", "arm", "n"])["accuracy"].transform("mean")
    table = score_tables(scores, gaps[gaps["dataset"] == "e"])["d"]
    assert [row[-1] for row in table.rows[:2]] == ["93.0", "—"]
    assert "big, 1,000 labels: without 1 seed whose predictions are not finite." in table.notes
    assert "small, 1,000 labels: without 2 seeds whose predictions are not finite." in table.notes


def test_a_row_is_selected_on_test_if_any_of_its_cells_is():
    scores, gaps = scores_and_gaps()
    scores.loc[scores["seed"] == 1, "selection"] = "test"
    assert set(by_size(scores, gaps, [], ACCURACY)["selection"]) == {"test"}


def test_one_table_per_dataset_with_one_column_per_size():
    tables = score_tables(*scores_and_gaps(), PUBLISHED)
    assert tables["d"].columns == ["Arm", "Measure", "100", "1,000", "Published"]
    assert tables["d"].rows == [
        ["big", "accuracy (%)", "91.1", "92.0", "—"],
        ["small", "accuracy (%)", "89.6", "90.5", "76.37"],
        ["small", "points behind", "1.5 ± 0.5", "1.5 ± 0.5", "2.48"],
    ]
    assert tables["d"].groups == [2] and tables["d"].label == "scores-d"
    assert tables["e"].columns == ["Arm", "Measure", "100", "1,000"]
    assert [row[2:] for row in tables["e"].rows[1:]] == [["89.6", "—"], ["1.5 ± 0.5", "—"]]
    assert "Means over 2 seeds." in tables["e"].notes and "Published" not in " ".join(tables["e"].notes)
    assert tables["e"].caption == "E: test accuracy, and gap to big, by the number of labels"
    scores, gaps = scores_and_gaps()
    assert "selected on test" in score_tables(scores.assign(selection="test"), gaps)["d"].caption


def test_a_second_decimal_only_where_it_says_something():
    scores, gaps = scores_and_gaps()
    assert score_tables(scores.assign(test_examples=100_000), gaps)["d"].rows[0][2] == "91.10"


def test_a_table_of_a_metric_of_which_less_is_better():
    scores, gaps = scores_and_gaps()
    scores = scores.assign(score_mean=1 - scores["score_mean"], log_loss_guessing=0.7)
    table = score_tables(scores, gaps, PUBLISHED, METRICS["log_loss"])["d"]
    assert "Published" not in table.columns
    assert table.rows[1:] == [
        ["small", "log loss (nats)", "0.104", "0.095"],
        ["small", "nats behind", "1.500 ± 0.500", "1.500 ± 0.500"],
    ]


def test_every_form_of_the_table_is_written(tmp_path):
    scores, gaps = scores_and_gaps()
    gaps = gaps.merge(scores[["dataset", "arm", "n", "seed", "dataset_title", "arm_title"]])
    write_frame(tmp_path / "scores.parquet", scores)
    write_frame(tmp_path / "gaps.parquet", gaps)
    outputs = [tmp_path / f"accuracy.{form}" for form in ("parquet", "md", "tex", "html")]
    table_scores(
        tmp_path / "scores.parquet", tmp_path / "gaps.parquet", ["big", "small"], "big", [], STUDY, "accuracy", outputs
    )
    assert len(pd.read_parquet(outputs[0])) == 7
    md, tex, html = (path.read_text(encoding="utf-8") for path in outputs[1:])
    assert md.count("| Arm | Measure |") == tex.count("\\begin{table}") == html.count("<table>") == 2
    assert "\\label{tab:scores-d}" in tex and "\\label{tab:scores-e}" in tex and html.count("<!DOCTYPE html>") == 1


SHOWN = {"device": "cpu", "batch_size": 1}


def timing_file(path, arm, cpu_share=1.0, length=None, starts=("text", "tokens"), **ms):
    """Write repetitions of a timing: `ms` per text, by start; two texts in each."""
    rows = [
        {"dataset": "d", "device": "cpu", "device_name": "CPU", "batch_size": 1, "length": length, "threads": 2,
         "start": start, "arm": arm, "family": "lstm" if arm == "small" else "bert", "size": "100", "n": 100, "seed": 0,
         "precision": "fp32", "texts": 2, "tokens": 9.0, "cpu_share": cpu_share, "parameters": 10,
         "parameters_trained": 10, "parameters_embedding": 5, "peak_memory_mb": 100 + i, "repetition": i,
         "seconds": value * 2 / 1000}
        for start in starts
        for i, value in enumerate(ms[start])
    ]  # fmt: skip
    write_frame(path, pd.DataFrame(rows).astype({"length": "Int64"}))
    return path


def measured(tmp_path, **small):
    """Return the measurements of two arms; those of the second one as `timing_file` takes them."""
    big = timing_file(tmp_path / "big.parquet", "big", text=[4.0, 4.0, 40.0], tokens=[2.0] * 3)
    small = timing_file(tmp_path / "small.parquet", "small", **small)
    return measurements([big, small], "big", SHOWN).assign(dataset_title="D", arm_title=lambda rows: rows["arm"])


def test_the_time_of_a_text_is_a_median_with_its_interval(tmp_path):
    values = [*range(1, 11)]  # of ten, the second and the ninth bound the 95 % interval of the median
    rows = measured(tmp_path, text=values, tokens=[0.1] * 10).set_index(["arm", "start"])
    small = rows.loc[("small", "text")]
    assert [small[key] for key in ("ms", "ms_low", "ms_high")] == pytest.approx([5.5, 2, 9])
    assert small["repetitions"] == 10 and small["speed_up"] == pytest.approx(4 / 5.5)
    assert rows.loc[("small", "tokens"), "speed_up"] == pytest.approx(20) and rows.loc[("big", "text"), "ms_high"] == 40
    assert rows["shown"].tolist() == [True, False] * 2
    assert not measurements([tmp_path / "big.parquet"], "big", SHOWN | {"batch_size": 32})["shown"].any()
    assert small["peak_memory_mb"] == 109 and not rows["busy"].any() and small["cpu_ms"] == pytest.approx(5.5)


def test_table_of_times_names_its_setting(tmp_path):
    table = inference_table(measured(tmp_path, text=[0.2] * 7, tokens=[0.0005] * 7), "Big", STUDY)
    assert table.rows == [
        ["big", "cpu", "1", "4.00", "2.00", "× 1.0", "102", "0.00", "0.00"],
        ["small", "cpu", "1", "0.200", "under 0.001", "× 20", "106", "0.00", "0.00"],
    ]
    notes = " ".join(table.notes)
    assert "median of 3 to 7 repetitions" in notes and "On CPU, 2 threads." in notes and "20 times as fast" in notes
    assert "over Big, from text" in notes and "busy" not in notes and table.label == "inference-d"


def test_a_time_on_a_busy_machine_is_marked(tmp_path):
    rows = measured(tmp_path, text=[0.2], tokens=[0.1], cpu_share=0.5)
    table = inference_table(rows, "Big", STUDY)
    assert table.rows[1][3:5] == ["0.200†", "0.100†"] and table.rows[0][3] == "4.00"
    assert "† The machine was busy, and the CPU computed for 50 % of the time only" in " ".join(table.notes)
    (note,) = busy_notes(rows)
    assert note.startswith("Inference times of **small**: the machine was busy")
    assert busy_notes(rows[rows["arm"] == "big"]) == busy_notes(None) == []


def test_times_of_a_length_begin_with_tokens_and_those_of_texts_with_text(tmp_path):
    rows = measured(tmp_path, text=[0.2], starts=["text"])
    table = inference_table(rows, "Big", STUDY)
    assert table.rows[1][4] == "—" and "An arm without a time from tokens reads texts." in table.notes
    big = timing_file(tmp_path / "big.parquet", "big", length=512, starts=["tokens"], tokens=[2.0])
    rows = measurements([big], "big", SHOWN).assign(dataset_title="D", arm_title="big")
    table = inference_table(rows, "Big", STUDY)
    assert rows["shown"].tolist() == [True]
    assert table.rows[0][3:5] == ["—", "2.00"] and "512 tokens of test texts" in table.notes[0]
    assert "over Big, from tokens" in " ".join(table.notes)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.05, "× 0.05"), (0.42, "× 0.4"), (1, "× 1.0"), (23.4, "× 23"), (533, "× 530"), (3383, "over 1,000")],
)
def test_ratios_in_words(value, text):
    assert ratio(value) == text and ratio(float("nan")) == "—"


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,235"), (12.34, "12.3"), (1.234, "1.23"), (0.0123, "0.012"), (9e-4, "under 0.001")]
)
def test_milliseconds_in_words(value, text):
    assert milliseconds(value) == text


def hostile():
    return Table(
        "Caption & <b>_", ["Arm", "50 %"], [[title, "1.0 ± 0.1"] for title in HOSTILE], groups=[1], notes=HOSTILE
    )


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("copies; set `near_duplicates: remove`.", "copies; set <code>near_duplicates: remove</code>."),
        ("`a_b` <b> *x* \\`c` `", "<code>a_b</code> &lt;b&gt; *x* \\`c` `"),
        ("'`<script>', '``' and ` *x*: (`a`)", "'`&lt;script&gt;', '``' and ` *x*: (<code>a</code>)"),
        ("a `<script>` b", "a <code>&lt;script&gt;</code> b"),
    ],
)
def test_advice_of_a_sentence_is_code_and_nothing_else_is_interpreted(text, page):
    assert MarkdownIt("commonmark", {"html": True}).renderInline(prose(text)) == page
    assert terminal(prose(text)) == text


def test_markdown_shows_titles_and_nothing_else():
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(as_markdown(hostile()))
    assert "<script>" not in shown and "<code>" not in shown and "<em>" not in shown and "<a " not in shown
    assert shown.count("<tr>") == 1 + len(HOSTILE) and shown.count("<td") == 2 * len(HOSTILE)
    assert "<td>a|b</td>" in shown and "&lt;script&gt;" in shown


def test_an_underscore_inside_a_word_stays():
    assert markdown("near_duplicates, a_1 and _this_ `one`") == r"near_duplicates, a_1 and \_this\_ \`one\`"


@pytest.mark.parametrize("title", HOSTILE)
def test_the_terminal_shows_a_title_as_it_is(title):
    assert terminal(f"**{markdown(title)}** is") == f"{' '.join(title.split())} is"
    assert "\x1b" not in terminal(markdown("\x1b[31mred"))


def test_latex_has_no_bare_special_character():
    text = as_latex(hostile())
    body = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert len(rows) == len(HOSTILE) and all(line.replace(r"\&", "").count("&") == 1 for line in rows)
    assert latex("50 % & a_b") == r"50 \% \& a\_b"
    assert latex("[CLS]*") == "{[}CLS{]}{*}"  # at the start of a row, LaTeX would take them for options of \\\\
    assert latex(r"\input{x}") == r"\textbackslash{}input\{x\}"


def has_booktabs():
    return (
        shutil.which("kpsewhich") and not subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True).returncode
    )


@pytest.mark.skipif(not has_booktabs(), reason="needs pdflatex and booktabs")
def test_latex_compiles(tmp_path):
    page = [r"\documentclass{article}", r"\usepackage[T1]{fontenc}", r"\usepackage{booktabs}", r"\begin{document}",
            as_latex(hostile()), r"\end{document}"]  # fmt: skip
    (tmp_path / "page.tex").write_text("\n".join(page), encoding="utf-8")
    done = subprocess.run(["pdflatex", "-halt-on-error", "page.tex"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-1500:]


class Page(HTMLParser):
    """What a page of HTML shows: the tags that are opened, and the text of the elements that hold some."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.found = [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []  # each tag was closed

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert all(name in ("lang", "charset", "class") for name, _ in attributes)
        if tag not in self.VOID:
            self.open.append(tag)
            self.found.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open:
            self.found[self.open[-1]][-1] += text


def test_html_shows_titles_and_nothing_else():
    page = Page(as_page([hostile()]))
    expected = "html meta title style table caption thead tr th th tbody tr td td tbody".split()
    assert page.tags == expected + ["tr", "td", "td"] * (len(HOSTILE) - 1) + ["p"]
    titles = [" ".join(title.split()) for title in HOSTILE]
    assert page.found["td"] == [cell for title in titles for cell in (title, "1.0 ± 0.1")]
    assert page.found["title"] == page.found["caption"] == ["Caption & <b>_"]
    assert page.found["th"] == ["Arm", "50 %"] and page.found["p"] == [" ".join(titles)]
    assert html("\"a\" & 'b' <c>") == "&quot;a&quot; &amp; &#x27;b&#x27; &lt;c&gt;"


def test_html_needs_no_other_file_and_keeps_names_of_any_length():
    name = "an_arm_whose_name_has_no_space_" * 30
    text = as_page([Table("Names", ["Arm", "Accuracy"], [[name, "90.0"], ["x", "91.0"]])])
    assert Page(text).found["td"] == [name, "90.0", "x", "91.0"] and "<p>" not in text
    assert not re.search(r"https?:|url\(|@import|src=|href=", text)


def test_html_sets_numbers_flush_right_and_a_line_between_groups():
    rows = [[f"d{i // 2}", f"a{i}", "1.0"] for i in range(5)]
    text = as_page([Table("Groups", ["Dataset", "Arm", "Accuracy"], rows, words=2, groups=[4, 2])])
    groups = re.findall(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
    assert [group.count("<tr>") for group in groups] == [2, 2, 1]
    assert re.findall(r'<t[hd] class="number">([^<]*)<', text) == ["Accuracy"] + ["1.0"] * 5


def test_numbers_in_words():
    assert number(-0.001, 2) == "0.00" and number(-1.5, 1) == "−1.5" and number(1.5, 1, sign=True) == "+1.5"
    assert number(float("nan"), 2) == "—" and number(None, 2) == "—"
    assert with_spread(1, float("nan"), 1) == "1.0" and with_spread(float("nan"), 1, 1) == "—"


def test_published_numbers_are_found_under_the_names_of_the_config():
    names = {"datasets": {"mine": "yelp", "other": "electronics"}, "arms": {"lstm": "LSTM-4-256"}}
    found = {row["dataset"]: row for row in matched(names)}
    assert found["mine"]["accuracy"] == 76.37 and found["mine"]["gap"] == 2.48
    assert found["other"]["accuracy"] == 77.76 and found["other"]["gap"] is None
    assert matched({"datasets": {}, "arms": {}}) == []


def test_the_schema_allows_just_the_published_names():
    fields = schema()["properties"]["published"]["properties"]
    for key, column in (("datasets", "dataset"), ("arms", "arm")):
        allowed = fields[key]["additionalProperties"]["enum"]
        assert set(allowed) == {row[column] for row in study()["rows"]}


def test_published_gaps_follow_from_published_accuracies():
    rows = {(row["dataset"], row["arm"]): row for row in study()["rows"]}
    for (dataset, arm), row in rows.items():
        if "gap" in row:
            theirs = rows[dataset, study()["reference"]]["accuracy"]
            assert theirs - row["accuracy"] == pytest.approx(row["gap"]), (dataset, arm)
