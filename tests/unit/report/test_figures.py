"""Figures draw what their tables hold, and every table can be drawn."""

import io
import re
import warnings
import xml.etree.ElementTree

import docutils.core
import jinja2
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from helpers.paths import ROOT
from helpers.tables import write_frame
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.config.schema import schema
from pretrain_or_not.report.amounts import short
from pretrain_or_not.report.figures import FIGURES, confusion, cost, gap, groups, plot, reliability, share, tuning
from pretrain_or_not.report.figures import pretraining as pretraining_figure
from pretrain_or_not.report.figures import scores as score_figure
from pretrain_or_not.report.figures.cost import frontier, training_label
from pretrain_or_not.report.legends import spread
from pretrain_or_not.report.panels import short_count, short_share
from pretrain_or_not.report.style import COLOURS, KNOWN, RC, arm_looks, families
from pretrain_or_not.report.times import with_times

REPORT = ROOT / "workflow" / "report"
MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-1."}
STYLE = {key: field["default"] for key, field in schema()["properties"]["figures"]["properties"].items()}
STYLE |= {"one_point": 1.0}
STUDY = {"name": "A et al.", "reference": "Theirs"}
NOTHING_PUBLISHED = {"points": [], "study": STUDY}
TITLES = ["Reference", "LSTM", "_cnn $x_1$ & <b> 100 %", "LSTM-4-256 + Base", "an arm with $ a very long name " * 3]


def tables(arms=3, sizes=(100, 1000, 4000), seeds=(0, 1, 2), datasets=("imdb",)):
    """Return (scores, gaps, names of the arms) with invented accuracies; the first arm is the reference."""
    rng = np.random.default_rng(0)
    names = [f"arm{i}" for i in range(arms)]
    rows = [
        {"dataset": dataset, "dataset_title": f"{dataset} $_%<&", "arm": arm,
         "arm_title": TITLES[i % 5] + " " * (i // 5), "reference": names[0], "reference_title": "Reference",
         "size": str(n), "n": n, "seed": seed, "share": n / 5_000_000,
         "accuracy": 0.9 - (1 + i) * n**-0.4 + rng.normal(0, 0.01), "gap_se": 0.4 + 0.1 * seed,
         "training_flops": 10.0 ** (12 - i) * n, "pretraining": None, "pretraining_tokens": 0,
         "pretraining_flops": 0.0, "pretrained_elsewhere": i in (0, 4), "teacher_elsewhere": False,
         "teacher_flops": np.nan, "generator_flops": np.nan,
         "selection": "validation", "accuracy_guessing": 0.5,
         "accuracy_ceiling": np.nan, "family": "lstm", "folds": 0}
        for dataset in datasets
        for i, arm in enumerate(names)
        for n in (sizes[dataset] if isinstance(sizes, dict) else sizes)
        for seed in seeds
    ]  # fmt: skip
    scores = pd.DataFrame(rows)
    cell = ["dataset", "n", "seed"]
    reference = scores[scores["arm"] == names[0]].set_index(cell)["accuracy"]
    gaps = scores[scores["arm"] != names[0]].copy()
    gaps["gap"] = 100 * (reference.loc[pd.MultiIndex.from_frame(gaps[cell])].to_numpy() - gaps["accuracy"])
    return with_means(scores, "accuracy", "score", 0.02), with_means(gaps, "gap", "gap", 1.5), names


def with_means(table, value, name, half):
    """Return a table with the columns of means over seeds and their intervals, `half` to each side."""
    mean = table.groupby(["dataset", "arm", "n"])[value].transform("mean")
    columns = {f"{name}_mean": mean, f"{name}_mean_low": mean - half, f"{name}_mean_high": mean + half}
    return table.assign(**columns)


def curves(ax):
    """Return the lines with markers, which are those of the arms."""
    return [line for line in ax.lines if line.get_marker() not in ("None", "", None)]


def texts(fig):
    """Return all texts in a figure."""
    found = [text.get_text() for ax in fig.axes for text in ax.texts]
    return found + [text.get_text() for legend in fig.legends for text in legend.get_texts()]


def test_accuracy_shows_every_seed_their_mean_and_its_interval():
    scores, _, arms = tables()
    ax = score_figure.draw(scores, arms, STYLE).axes[0]
    percent = (
        scores.assign(percent=100 * scores["accuracy"]).groupby(["arm", "n"])["percent"].agg(["mean", "min", "max"])
    )
    assert len(curves(ax)) == 3
    for arm, line in zip(arms, curves(ax), strict=True):
        np.testing.assert_allclose(line.get_xdata(), [100, 1000, 4000])
        np.testing.assert_allclose(line.get_ydata(), percent.loc[arm, "mean"])
        assert same_color(line.get_color(), arm_looks(arms)["palette"][arm])
    seeds, *bars = ax.collections
    np.testing.assert_allclose(sorted(seeds.get_offsets()[:, 1]), sorted(100 * scores["accuracy"]))
    for arm, bar in zip(arms, bars, strict=True):
        means = percent.loc[arm, "mean"].to_numpy()
        np.testing.assert_allclose([s[:, 1] for s in bar.get_segments()], np.stack([means - 2, means + 2], axis=1))
    places = np.array([[segment[0, 0] for segment in bar.get_segments()] for bar in bars])  # side by side, at each size
    assert (np.diff(places, axis=0) > 0).all()
    np.testing.assert_allclose(places, np.broadcast_to([100, 1000, 4000], places.shape), rtol=0.06)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["100", "1k", "4k"]


@pytest.mark.parametrize(("majority", "drawn"), [(0.6, True), (0.02, False)])
def test_accuracy_shows_the_most_frequent_class_where_it_leaves_room_for_the_curves(majority, drawn):
    scores, _, arms = tables(sizes=(1000, 2000, 4000))
    fig = score_figure.draw(scores.assign(accuracy_guessing=majority, accuracy_ceiling=np.nan), arms, STYLE)
    dashed = [line for line in fig.axes[0].lines if line.get_linestyle() == "--" and line not in curves(fig.axes[0])]
    assert [set(line.get_ydata()) for line in dashed] == ([{100 * majority}] if drawn else [])
    assert ("Most frequent class" in texts(fig), "most frequent class: 2.0 %" in texts(fig)) == (drawn, not drawn)
    low, high = fig.axes[0].get_xlim()
    assert low > 500 and high < 8000


@pytest.mark.parametrize(("ceiling", "drawn"), [(0.95, True), (0.1, False), (np.nan, False)])
def test_accuracy_shows_the_share_of_right_labels_where_it_is_near_the_curves(ceiling, drawn):
    scores, _, arms = tables(sizes=(1000, 2000, 4000))
    fig = score_figure.draw(scores.assign(accuracy_ceiling=ceiling), arms, STYLE)
    across = [line for line in fig.axes[0].lines if np.allclose(line.get_ydata(), 100 * ceiling)]
    assert (len(across), "right (estimate)" in " ".join(" ".join(texts(fig)).split())) == (int(drawn), drawn)


def test_an_arm_that_is_the_most_frequent_class_is_drawn_once():
    scores, _, arms = tables(sizes=(1000, 2000, 4000))
    fig = score_figure.draw(scores.assign(accuracy_guessing=0.6, family="majority"), arms, STYLE)
    assert "Most frequent class" not in texts(fig)


def test_a_cell_without_an_accuracy_is_not_drawn(tmp_path):
    scores, _, arms = tables(seeds=(0,))
    scores.loc[(scores["arm"] == "arm1") | (scores["n"] == 4000), "accuracy"] = np.nan
    write_frame(tmp_path / "scores.parquet", scores)
    for name in ("scores", "cost"):
        plot(name, tmp_path / "scores.parquet", [tmp_path / f"{name}.svg"], arms, STYLE, None, "accuracy")
        shown = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
        assert "Reference" in shown and "LSTM" not in shown
    write_frame(tmp_path / "scores.parquet", scores.assign(accuracy=np.nan))
    plot("scores", tmp_path / "scores.parquet", [tmp_path / "none.svg"], arms, STYLE, None, "accuracy")
    assert "No cell" in (tmp_path / "none.svg").read_text(encoding="utf-8")


def test_gap_shows_the_means_the_band_and_both_levels():
    _, gaps, arms = tables(arms=2)
    fig = gap.draw(gaps, arms, STYLE)
    ax = fig.axes[0]
    means = gaps.groupby("n")["gap"].mean()
    (line,) = curves(ax)
    np.testing.assert_allclose(line.get_ydata(), means)
    assert same_color(line.get_color(), arm_looks(arms)["palette"]["arm1"])
    band, seeds = ax.collections
    band = band.get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((means.min() - 1.5, means.max() + 1.5))
    np.testing.assert_allclose(sorted(seeds.get_offsets()[:, 1]), sorted(gaps["gap"]))
    assert {0, 1} <= {line.get_ydata()[0] for line in ax.lines if line not in curves(ax)}
    assert {"LSTM", "Reference", "1 point"} == set(texts(fig))
    assert ax.get_ylabel() == "Points behind Reference"


@pytest.mark.parametrize(("one_point", "name"), [(0, None), (1, "1 point"), (2.5, "2.5 points")])
def test_the_dashed_line_is_where_the_config_says(one_point, name):
    _, gaps, arms = tables(arms=2)
    assert set(texts(gap.draw(gaps, arms, STYLE | {"one_point": one_point}))) == {"LSTM", "Reference", name} - {None}


def test_an_arm_looks_the_same_in_all_figures_and_without_the_others():
    scores, gaps, arms = tables(arms=5, seeds=(0,))
    alone = scores[scores["arm"] == "arm3"]
    looks = {
        (line.get_color(), line.get_marker(), str(line._dash_pattern))
        for line in (
            curves(score_figure.draw(scores, arms, STYLE).axes[0])[3],
            curves(gap.draw(gaps, arms, STYLE).axes[0])[2],
            curves(score_figure.draw(alone, arms, STYLE).axes[0])[0],
        )
    }
    assert len(looks) == 1


def look(arms, arm):
    """Return the colour, marker and dashes of an arm among others."""
    return [values[arm] for values in arm_looks(arms).values()]


def test_the_look_of_an_arm_follows_from_its_name_and_not_from_its_place():
    assert set(yaml.safe_load((ROOT / "config.yaml").read_text())["arms"]) <= set(KNOWN)
    assert look(["minilm", "lstm", "mine"], "lstm") == look(["tfidf", "mine", "lstm", "bag"], "lstm")
    assert look(["minilm", "lstm", "mine"], "mine") == look(["mine"], "mine") == look(["mine", "lstm"], "mine")
    assert look(["lstm"], "lstm")[0] == COLOURS[KNOWN.index("lstm")]


def test_arms_of_an_experiment_never_look_alike():
    names = [f"arm{i}" for i in range(8)]
    assert len(set(arm_looks(names)["palette"].values())) == len(set(arm_looks(KNOWN[:8])["palette"].values())) == 8
    assert arm_looks(names) == {key: dict(reversed(looks.items())) for key, looks in arm_looks(names[::-1]).items()}
    many = arm_looks([str(i) for i in range(72)])
    assert len({(many["palette"][arm], many["markers"][arm]) for arm in many["palette"]}) == 72


def test_the_reference_arm_has_its_colour_where_it_is_the_line_at_zero():
    _, gaps, arms = tables(arms=3)
    for fig in (gap.draw(gaps, arms, STYLE), share.draw(gaps, arms, STYLE, NOTHING_PUBLISHED)):
        (zero,) = [line for line in fig.axes[0].lines if list(line.get_ydata()) == [0, 0]]
        assert same_color(zero.get_color(), arm_looks(arms)["palette"][arms[0]])


FIVE = {
    "$a_b$": [250],
    "<c>&": [100, 1000],
    "d": [100, 250, 1000, 4000],
    "e": [1000, 1100, 1200, 1300, 120_000],
    "f%": [5],
}
TWELVE = [100, 200, 250, 500, 1000, 2000, 4000, 10_000, 50_000, 100_000, 1_000_000, 5_000_000]


@pytest.mark.parametrize(
    "case",
    [
        {"arms": 2, "sizes": [1000], "seeds": [0]},
        {"arms": 8, "sizes": TWELVE, "seeds": [0, 1]},
        {"arms": 5, "sizes": FIVE, "datasets": list(FIVE), "seeds": [0, 1]},
    ],
    ids=["one of each", "eight arms, twelve sizes", "five datasets, hard names"],
)
def test_extreme_tables_give_legible_figures(case, tmp_path):
    scores, gaps, arms = tables(**case)
    points = [{"dataset": case.get("datasets", ["imdb"])[0], "arm": "arm1", "share": 1.0, "gap": 2.5}]
    for module, table in ((score_figure, scores), (gap, gaps), (share, gaps), (cost, scores)):
        name = module.__name__.rpartition(".")[2]
        published = {"points": points, "study": STUDY} if FIGURES[name].shows_published else None
        write_frame(tmp_path / f"{name}.parquet", table)
        plot(name, tmp_path / f"{name}.parquet", [tmp_path / f"{name}.svg"], arms, STYLE, published, "accuracy")
        xml.etree.ElementTree.parse(tmp_path / f"{name}.svg")
        fig = module.draw(table, arms, STYLE | {"width": 3.3}, published)
        fig.draw_without_rendering()
        assert len(fig.axes) == len(case.get("datasets", ["imdb"])) * (2 if module is cost else 1)
        for ax in fig.axes:
            boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
            assert all(a.x1 < b.x0 for a, b in zip(boxes, boxes[1:], strict=False))  # no two tick labels touch
            label = ax.xaxis.label.get_window_extent()
            assert label.x0 >= 0 and label.x1 <= fig.bbox.width and label.y0 >= 0
        shown = "".join(texts(fig)).replace("\n", " ")
        for title in table["arm_title"].unique():
            assert title.strip() in shown
        for legend in fig.legends:
            box = legend.get_window_extent()
            assert box.x0 >= 0 and box.x1 <= fig.bbox.width and box.y1 <= fig.bbox.height
            assert all(box.y0 >= ax.get_tightbbox().y1 for ax in fig.axes)  # above all panels


def test_figures_of_the_reference_alone_or_of_no_cell(tmp_path):
    scores, gaps, arms = tables(arms=1)
    write_frame(tmp_path / "scores.parquet", scores)
    write_frame(tmp_path / "gaps.parquet", gaps)
    plot("scores", tmp_path / "scores.parquet", [tmp_path / "accuracy.svg"], arms, STYLE, None, "accuracy")
    plot("gap", tmp_path / "gaps.parquet", [tmp_path / "gap.svg"], arms, STYLE, None, "accuracy")
    assert "No arm but the reference" in (tmp_path / "gap.svg").read_text(encoding="utf-8")
    assert "No cell" in score_figure.draw(scores[:0], arms, STYLE).texts[0].get_text()


def test_files_are_complete_and_identical_each_time(tmp_path):
    _, gaps, arms = tables(datasets=("a", "b"))
    write_frame(tmp_path / "gaps.parquet", gaps.sample(frac=1, random_state=0).sort_values("dataset"))
    written = []
    for run in ("first", "second"):
        outputs = [tmp_path / run / f"gap.{suffix}" for suffix in MAGIC]
        plot("gap", tmp_path / "gaps.parquet", outputs, arms, STYLE, None, "accuracy")
        written.append([path.read_bytes() for path in outputs])
        assert sorted(path.name for path in (tmp_path / run).iterdir()) == ["gap.pdf", "gap.png", "gap.svg"]
    assert written[0] == written[1]
    for content, magic in zip(written[0], MAGIC.values(), strict=True):
        assert content.startswith(magic)
    svg = written[0][1].decode()
    assert "Labelled training examples</text>" in svg and "_cnn $x_1$ &amp; &lt;b&gt; 100 %" in svg
    assert "/Type3" not in written[0][2].decode("latin-1")


def test_rows_in_any_order_and_arms_in_the_given_one(tmp_path):
    scores, _, arms = tables(datasets=("z", "a"))
    shuffled = scores.groupby("dataset", sort=False).sample(frac=1, random_state=1)
    for name, table in (("plain", scores), ("shuffled", shuffled)):
        write_frame(tmp_path / f"{name}.parquet", table)
        plot("scores", tmp_path / f"{name}.parquet", [tmp_path / f"{name}.svg"], arms, STYLE, None, "accuracy")
    plain = (tmp_path / "plain.svg").read_text(encoding="utf-8")
    assert plain == (tmp_path / "shuffled.svg").read_text(encoding="utf-8")
    assert plain.index("z $_%") < plain.index("a $_%")  # datasets stay in the table's order


@pytest.mark.parametrize(
    ("n", "label"),
    [(250, "250"), (1000, "1k"), (58_231, "58.2k"), (100_000, "100k"), (999_999, "1M"), (5_000_000, "5M"), (1, "1")],
)
def test_short_count(n, label):
    assert short_count(n) == label


def test_spread_moves_labels_no_further_than_needed():
    assert spread([0.2, 0.8], [0.1, 0.1], 0, 1) == [0.2, 0.8]
    np.testing.assert_allclose(spread([0.5, 0.5, 0.5], [0.1] * 3, 0, 1), [0.4, 0.5, 0.6])
    np.testing.assert_allclose(spread([0.0, 0.01, 0.9], [0.1, 0.2, 0.1], 0, 1), [0.0, 0.15, 0.9])
    np.testing.assert_allclose(spread([1.0, 0.99], [0.1, 0.1], 0, 1), [1.0, 0.9])
    values = list(np.random.default_rng(0).random(9))
    places = spread(values, [0.1] * 9, 0, 1)
    assert np.argsort(places).tolist() == np.argsort(values).tolist()
    assert np.diff(sorted(places)).min() >= 0.1 - 1e-9 and min(places) >= 0 and max(places) <= 1


@pytest.mark.parametrize(("part", "label"), [(1, "100 %"), (0.1, "10 %"), (100 / 153_485, "0.065 %"), (0.655, "66 %")])
def test_short_share(part, label):
    assert short_share(part) == label


def test_share_shows_gaps_and_the_published_points_of_arms_that_are_there():
    _, gaps, arms = tables(arms=3, datasets=("a", "b"))
    published = [
        {"dataset": "a", "arm": "arm1", "share": 1.0, "gap": 2.48},
        {"dataset": "a", "arm": "arm2", "share": 1.0, "gap": None},
        {"dataset": "b", "arm": "elsewhere", "share": 1.0, "gap": 1.0},
    ]
    fig = share.draw(gaps, arms, STYLE, {"points": published, "study": STUDY})
    first, second = fig.axes
    stars = [line for line in first.lines if line.get_marker() == "*"]
    assert [(*star.get_xdata(), *star.get_ydata()) for star in stars] == [(1.0, 2.48)]
    assert same_color(stars[0].get_markeredgecolor(), arm_looks(arms)["palette"]["arm1"])
    assert not [line for line in second.lines if line.get_marker() == "*"]
    (line, *_) = curves(first)
    np.testing.assert_allclose(line.get_xdata(), np.array([100, 1000, 4000]) / 5e6)
    means = gaps[(gaps["arm"] == "arm1") & (gaps["dataset"] == "a")].groupby("n")["gap"].mean()
    np.testing.assert_allclose(line.get_ydata(), means)
    assert "A et al., behind Theirs" in texts(fig)
    assert "A et al., behind Theirs" not in texts(share.draw(gaps, arms, STYLE, NOTHING_PUBLISHED))


def test_arms_side_by_side_stay_in_view_beside_a_published_point():
    _, gaps, arms = tables(arms=8, sizes=[50_000])
    published = [{"dataset": "imdb", "arm": "arm1", "share": 1.0, "gap": 2.48}]
    fig = share.draw(gaps, arms, STYLE, {"points": published, "study": STUDY})
    low, high = fig.axes[0].get_xlim()
    drawn = np.concatenate([line.get_xdata() for line in curves(fig.axes[0])])
    assert len(drawn) == 8 and low < drawn.min() and high > drawn.max() == 1.0


@pytest.mark.parametrize("exponent", [-3, 0, 13])
@pytest.mark.parametrize("ratio", [1, 1.05, 1.3, 4, 30, 300, 1e9])
def test_axes_of_the_cost_figure_have_three_numbers_even_for_close_costs(exponent, ratio):
    scores, _, arms = tables(arms=2, sizes=[100, 300], seeds=[0])
    scores["training_flops"] = np.geomspace(1.7, 1.7 * ratio, len(scores)) * 10.0**exponent
    ax = cost.draw(scores, arms, STYLE).axes[0]
    ax.figure.draw_without_rendering()
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.xaxis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_text()]
    boxes = [tick.label1.get_window_extent() for tick in ticks]
    assert len(ticks) >= 3 and all(a.x1 < b.x0 for a, b in zip(boxes, boxes[1:], strict=False))
    assert len([tick for tick in ax.get_yticks() if ax.get_ylim()[0] <= tick <= ax.get_ylim()[1]]) >= 3


@pytest.mark.parametrize(
    ("value", "name"), [(0.01, "0.01"), (1, "1"), (250, "250"), (1e9, "10⁹"), (2.5e12, "2.5×10¹²"), (3e-5, "3×10⁻⁵")]
)
def test_short_numbers(value, name):
    assert short(value) == name


def test_the_frontier_is_what_no_other_point_beats():
    costs, accuracies = np.array([1.0, 2, 2, 3, 4, 4]), np.array([5.0, 4, 7, 7, 9, 8])
    assert frontier(costs, accuracies) == [0, 2, 4]
    rng = np.random.default_rng(0)
    costs, accuracies = rng.random((2, 200))
    kept = frontier(costs, accuracies)
    for i in range(200):
        beaten = ((costs <= costs[i]) & (accuracies >= accuracies[i]) & (np.arange(200) != i)).any()
        assert beaten != (i in kept)


def times_of(arms, dataset="imdb", **columns):
    """Return rows of tables/inference.parquet."""
    rows = [
        {"dataset": dataset, "arm": arm, "device": "cpu", "batch_size": 1, "start": start, "ms": 10.0 / (1 + i),
         "busy": False, "length": None, "shown": start == "text"} | columns
        for i, arm in enumerate(arms)
        for start in ("text", "tokens")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_cost_shows_means_over_seeds_and_its_frontier_is_theirs():
    scores, _, arms = tables(arms=2, sizes=[100, 1000], seeds=[0, 1])
    means = scores.groupby(["arm", "n"])[["training_flops", "accuracy"]].mean().assign(ms=[10.0, 10.0, 5.0, 5.0])
    flops, times = cost.draw(scores, arms, STYLE, times=times_of(arms)).axes
    for ax, costs in ((flops, "training_flops"), (times, "ms")):
        drawn = np.concatenate([dots.get_offsets() for dots in ax.collections[::2]])  # markers, then seeds, per arm
        np.testing.assert_allclose(drawn, np.column_stack([means[costs], 100 * means["accuracy"]]))
        seeds = np.concatenate([dots.get_offsets() for dots in ax.collections[1::2]])
        np.testing.assert_allclose(sorted(seeds[:, 1]), sorted(100 * scores["accuracy"]))
        best = next(line for line in ax.lines if line.get_drawstyle() == "steps-post")
        assert set(best.get_ydata()) <= set(drawn[:, 1])
    few, many = np.unique(flops.collections[0].get_sizes())
    assert few < many
    assert times.get_xlabel() == "Time to classify a text (ms; CPU, one at a time)"
    folds = cost.draw(scores.assign(folds=2), arms, STYLE, times=times_of(arms)).axes[0]
    assert [len(dots.get_offsets()) for dots in folds.collections] == [2, 2]  # no fold: each has other test examples


def test_cost_is_that_of_each_arm_beside_one_without_labels():
    """A language model has a row of size 0, before those of others; and there are two data sets."""
    scores, _, arms = tables(arms=2, sizes=[100, 1000], seeds=[0], datasets=["imdb", "yelp"])
    without = scores.iloc[[2]].assign(n=0, arm="asked", accuracy=0.1)
    mixed = pd.concat([scores.iloc[:2], without, scores.iloc[2:]], ignore_index=True)
    timed = pd.concat([times_of(arms), times_of(arms).assign(dataset="yelp")])
    assert set(timed["dataset"]) >= {"imdb", "yelp"}
    fig = cost.draw(mixed, ["asked", *arms], STYLE, times=timed)
    for ax, (_, rows) in zip(fig.axes[::2], scores.groupby("dataset", sort=False), strict=True):
        drawn = np.concatenate([dots.get_offsets() for dots in ax.collections[::2]])
        np.testing.assert_allclose(drawn, np.column_stack([rows["training_flops"], 100 * rows["accuracy"]]))


def test_cost_says_what_was_not_timed_and_where_the_machine_was_busy():
    scores, _, arms = tables(arms=3, sizes=[100, 1000])
    busy = pd.concat([times_of(arms[:1], batch_size=32), times_of(arms[2:], batch_size=32, busy=True)])
    fig = cost.draw(scores, arms, STYLE, times=busy)
    assert fig.axes[1].get_xlabel().endswith("(ms; CPU, 32 at a time)\nnot timed: LSTM")
    assert any("the machine was busy" in text for text in texts(fig))
    faces = [dots.get_facecolor()[0].tolist() for dots in fig.axes[1].collections[::2]]
    assert [face == [1, 1, 1, 1] for face in faces] == [False, True]
    fig = cost.draw(scores, arms, STYLE)
    assert fig.axes[1].get_xlabel() == "Time to classify a text: no arm was timed"
    assert not any("busy" in text for text in texts(fig))


def test_times_of_a_length_hold_in_all_datasets():
    scores, _, arms = tables(arms=2, sizes=[100], datasets=("imdb", "other"))
    of_text, of_length = (with_times(scores, times_of(arms, length=length)) for length in (None, 512))
    assert of_text["ms"].notna().tolist() == (of_text["dataset"] == "imdb").tolist()
    assert of_length["ms"].notna().all() and len(of_length) == len(scores) and of_length["busy"].dtype == bool


def test_figures_say_what_was_selected_on_test():
    scores, gaps, arms = tables(arms=2)
    for module, table in ((score_figure, scores), (gap, gaps), (share, gaps), (cost, scores)):
        published = NOTHING_PUBLISHED if module is share else None
        plain, on_test = (module.draw(t, arms, STYLE, published) for t in (table, table.assign(selection="test")))
        label = " ".join(on_test.axes[0].get_ylabel().split())
        assert label == f"{' '.join(plain.axes[0].get_ylabel().split())}, selected on test"
        mixed = table.assign(selection=["test"] + ["validation"] * (len(table) - 1))
        partly = module.draw(mixed, arms, STYLE, published).axes[0].get_ylabel()
        assert "partly selected on test" in " ".join(partly.split())


def test_an_arm_without_the_largest_size_is_drawn_up_to_its_own():
    scores, gaps, arms = tables(arms=3)
    scores, gaps = (t[~((t["arm"] == "arm1") & (t["n"] > 1000))] for t in (scores, gaps))
    for fig in (score_figure.draw(scores, arms, STYLE), gap.draw(gaps, arms, STYLE)):
        assert sorted(len(line.get_xdata()) for line in curves(fig.axes[0]))[0] == 2
        assert fig.legends  # there is no space for its name at the end of the panel


@pytest.mark.parametrize("selection", ["validation", "test"])
@pytest.mark.parametrize(
    "name",
    [
        "scores",
        "gap",
        "worth",
        "share",
        "cost",
        "table_scores",
        "table_inference",
        "workflow",
        "tuning",
        "confusion",
        "reliability",
        "groups",
    ],
)
def test_captions_are_valid_and_match_the_config(name, selection):
    points = [{"dataset": "yelp", "arm": "a*", "gap": None if selection == "test" else -1.0}]

    class Job:
        config = {"experiment": {"datasets": ["yelp_a_"], "arms": ["a*", "b|c|"], "reference": "a*",
                                 "sizes": [100, "10%"], "seeds": [0, 1], "selection": selection,
                                 "metric": "macro_f1", "budget": "training"},
                  "timing": {"length": None, "threads": 1}}  # fmt: skip

        class params:
            arms = ["a*", "b|c|"]
            style = STYLE
            metric = "macro_f1"
            published = {"points": points, "study": STUDY} if name == "share" else points
            study = STUDY

    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string((REPORT / f"{name}.rst").read_text())
    settings = {"halt_level": 2, "report_level": 2}
    body = docutils.core.publish_parts(template.render(snakemake=Job), writer="html", settings_overrides=settings)[
        "body"
    ]
    plain = re.sub(r"<[^>]+>|\s+", " ", body)
    assert "{{" not in plain and "{%" not in plain and "system-message" not in body
    assert ("2 seed(s)" in plain) == (name in ("scores", "gap", "share", "cost", "tuning"))
    assert ("scores are too good" in plain) == (selection == "test" and name in ("scores", "workflow"))
    assert ("validation" in plain) == (
        (selection == "validation" and name in ("scores", "workflow"))
        or (name, selection) == ("tuning", "validation")
        or name == "reliability"
    )
    assert ("hollow star" in plain) == (selection == "validation" and name == "share")


def test_figures_of_a_metric_of_which_less_is_better():
    scores, gaps, arms = tables(arms=3)
    loss = METRICS["log_loss"]
    scores = scores.assign(log_loss=1 - scores["accuracy"], log_loss_guessing=0.693)
    scores = with_means(scores, "log_loss", "score", 0.1)
    shown = score_figure.draw(scores, arms, STYLE, None, loss)
    assert shown.axes[0].get_ylabel() == "Test log loss (nats)" and "Shares of the classes" in " ".join(
        " ".join(texts(shown)).split()
    )
    np.testing.assert_allclose(
        curves(shown.axes[0])[0].get_ydata(), scores[scores["arm"] == "arm0"].groupby("n")["log_loss"].mean()
    )
    behind = gap.draw(gaps, arms, STYLE | {"one_point": 0.02}, None, loss)
    assert " ".join(behind.axes[0].get_ylabel().split()) == "Nats of log loss behind Reference"
    assert any("0.02 nats" in text for text in texts(behind))
    steps = next(line for line in cost.draw(scores, arms, STYLE, None, loss).axes[0].lines)
    assert (np.diff(steps.get_ydata()) < 0).all()  # the frontier falls


def by_class(names, arms=("arm0", "arm1")):
    """Return rows of confusion.parquet in which the first class is taken for the last one, and others are right."""
    rows = [
        {"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": TITLES[i], "n": 100, "seed": 0, "class": name,
         "predicted_class": other, "examples": examples}
        for i, arm in enumerate(arms)
        for k, name in enumerate(names)
        for other, examples in ([(name, 6), (names[-1], 4 + k)] if name != names[-1] else [(name, 10)])
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("classes", "shown"), [(2, 2), (8, 8), (12, 12), (77, 13)])
def test_confusion_shows_shares_of_each_class_and_merges_many(tmp_path, classes, shown):
    table, arms = by_class([f"class {i:02}" for i in range(classes)]), ["arm0", "arm1"]
    fig = confusion.draw(table, arms, STYLE)
    panels = [ax for ax in fig.axes if ax.images]
    assert len(panels) == 2
    matrix = panels[0].images[0].get_array()
    assert matrix.shape == (shown, shown)
    np.testing.assert_allclose(matrix.sum(axis=1), 100)
    if classes == 2:
        np.testing.assert_allclose(matrix, [[60, 40], [0, 100]])
        assert {text.get_text() for text in panels[0].texts} == {"60", "40", "0", "100"}
    names = [label.get_text() for label in panels[0].get_yticklabels()]
    assert ("all others" in names) == (classes > 12)
    write_frame(tmp_path / "confusion.parquet", table)
    plot("confusion", tmp_path / "confusion.parquet", [tmp_path / "c.pdf"], arms, STYLE, None, "accuracy")


@pytest.mark.parametrize(
    ("names", "order"), [(["10", "9", "1.5"], ["1.5", "9", "10"]), (["10", "9", "x"], ["10", "9", "x"])]
)
def test_confusion_shows_numbers_in_their_order(names, order):
    rows = pd.DataFrame({"class": names, "predicted_class": names, "examples": 1})
    assert confusion.shown_classes(rows) == order


def test_no_tick_is_above_the_best_score():
    scores, _, arms = tables()
    full = scores.assign(accuracy=0.995 + 0.005 * (scores["n"] == scores["n"].max()))
    ticks = score_figure.draw(full, arms, STYLE).axes[0].get_yticks()
    assert ticks.max() == 100 and len(ticks) >= 3


def test_reliability_pools_the_seeds_and_shows_both_forms():
    row = {"dataset": "d", "dataset_title": "D", "arm": "arm0", "arm_title": "A", "n": 100, "bin": 12, "right": 0.5}
    table = pd.DataFrame([
        row | {"seed": 0, "scaled": False, "examples": 30, "confidence": 0.8},
        row | {"seed": 1, "scaled": False, "examples": 10, "confidence": 0.84, "right": 0.9},
        row | {"seed": 0, "scaled": True, "examples": 40, "confidence": 0.6},
        row | {"seed": 0, "scaled": False, "bin": 3, "examples": 5, "confidence": 0.2},  # too few
    ])  # fmt: skip
    other = table.assign(arm="arm1", arm_title="B")
    both = reliability.draw(pd.concat([table, other]), ["arm0", "arm1"], STYLE).axes
    assert [ax.get_title() for ax in both] == ["A", "B"]
    lines = reliability.draw(table, ["arm0"], STYLE).axes[0].lines
    assert [line.get_xydata().round(6).tolist() for line in lines[1:]] == [[[81.0, 60.0]], [[60.0, 50.0]]]


def test_tuning_shows_the_mean_over_seeds_per_size_and_number_of_tries():
    row = {"dataset": "d", "dataset_title": "D", "selection": "validation"}
    table = pd.DataFrame([
        row | {"arm": arm, "arm_title": arm, "n": n, "seed": seed, "tries": k,
               "expected_best": 0.5 + 0.1 * k + 0.02 * seed}
        for arm, most in (("arm0", 3), ("arm1", 1)) for n in (1000, 50) for seed in (0, 1) for k in range(1, most + 1)
    ])  # fmt: skip
    fig = tuning.draw(table, ["arm0", "arm1"], STYLE)
    assert [ax.get_title() for ax in fig.axes] == ["D, 50 labels", "D, 1,000 labels"]
    for ax in fig.axes:
        lines = [line.get_xydata().round(6).tolist() for line in curves(ax)]
        assert lines == [[[1, 61.0], [2, 71.0], [3, 81.0]], [[1, 61.0]]]
        assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "3"]
    assert " ".join(fig.axes[0].get_ylabel().split()) == "Expected best validation accuracy (%)"
    both = pd.concat([table, table.assign(dataset="e")])  # another data set of the same title
    assert len(tuning.draw(both, ["arm0", "arm1"], STYLE).axes) == 4
    alone = tuning.draw(table[table["tries"] == 1], ["arm0", "arm1"], STYLE)
    assert "one try" in " ".join(text.get_text() for text in alone.texts)


def test_characters_that_the_first_font_lacks_are_taken_from_others():
    """As Chinese ones are, where a font that has them is installed; here STIX, which comes with Matplotlib."""
    assert families(["Malgun Gothic", "Other"]) == ["DejaVu Sans", "Malgun Gothic", "sans-serif"]
    assert families([]) == ["DejaVu Sans", "sans-serif"] and RC["font.family"][0] == "DejaVu Sans"
    glyph = "\u29b8"  # not in DejaVu Sans
    for names, missing in ((families([]), True), (["DejaVu Sans", "STIXGeneral"], False)):
        with mpl.rc_context({"font.family": names}), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            figure = Figure()
            figure.text(0.5, 0.5, glyph)
            figure.savefig(io.BytesIO(), format="png")
        assert any("missing from font" in str(one.message) for one in caught) == missing


@pytest.mark.parametrize("seeds", [1, 2])
def test_groups_show_their_accuracy_and_their_gap(seeds):
    row = {"dataset": "d", "dataset_title": "D", "group": "country", "arm_title": "A", "score_mean": 0.8,
           "score_mean_low": 0.7, "score_mean_high": 0.9}  # fmt: skip
    table = pd.DataFrame([
        row | {"arm": arm, "n": n, "value": value, "test_examples": examples, "seed": seed,
               "score": 0.75 + 0.1 * seed, "gap": gap + seed, "gap_mean": gap, "gap_mean_low": gap - 1,
               "gap_mean_high": gap + 1}
        for arm, gap in (("arm0", 0.0), ("arm1", 2.5))
        for n in (100, 200)
        for value, examples in (("de", 50), ("fr", 90))
        for seed in range(seeds)
    ])  # fmt: skip
    left, right = groups.draw(table, ["arm0", "arm1"], STYLE).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["fr (90)", "de (50)"]
    assert {float(x) for line in left.lines[::1] for x in line.get_xdata()} == {80.0}
    assert {0.0, 2.5} <= {float(x) for line in right.lines for x in line.get_xdata()}
    bars, *_, dots = right.collections
    assert bars.get_segments()[0][:, 0].tolist() == [-1, 1]
    assert len(left.collections) == len(right.collections) == 2 * seeds
    if seeds == 2:
        assert sorted(dots.get_offsets()[:, 0]) == [2.5, 2.5, 3.5, 3.5]


def test_the_axis_of_operations_says_whose_are_counted():
    rows = pd.DataFrame({"pretraining_flops": [0.0], "teacher_flops": np.nan, "generator_flops": np.nan,
                         "pretrained_elsewhere": False, "teacher_elsewhere": False, "arm_title": "A"})  # fmt: skip
    assert training_label(rows) == "FLOPs to train"
    assert training_label(rows.assign(generator_flops=5.0)) == "FLOPs to train, with the generator"
    taught = rows.assign(teacher_flops=1.0, teacher_elsewhere=True)
    assert training_label(taught) == "FLOPs to train, with the teacher\nwithout pretraining elsewhere: A"
    both = rows.assign(generator_flops=5.0, teacher_flops=1.0, pretrained_elsewhere=True)
    assert (
        training_label(both) == "FLOPs to train, with the teacher and the generator\nwithout pretraining elsewhere: A"
    )


def test_the_axis_of_tokens_has_the_mean_of_an_arm_and_no_labels_over_each_other():
    table, _, _ = tables()
    tokens = {arm: (0, 1_228_000, 1_229_000)[i % 3] for i, arm in enumerate(dict.fromkeys(table["arm"]))}
    more = 2000 * (table["seed"] - table["seed"].min())  # models of other seeds have read some tokens more
    table = table.assign(
        pretraining=table["arm"], pretrained_elsewhere=False,
        pretraining_tokens=table["arm"].map(tokens) + more.where(table["arm"].map(tokens) > 0, 0),
    )  # fmt: skip
    fig = pretraining_figure.draw(table, list(tokens), STYLE)
    fig.canvas.draw()
    for ax in fig.axes:
        assert all(len(line.get_xdata()) == 1 for line in ax.lines if len(line.get_xdata()))
        boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
        assert len(boxes) == 2 and boxes[0].x1 < boxes[1].x0
