"""Figures of what follows from measured curves: fans beyond the largest size, labels that the reference is worth."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from matplotlib.text import Text

from helpers.tables import write_frame
from pretrain_or_not.config.schema import schema
from pretrain_or_not.report.figures import gap, plot, worth
from pretrain_or_not.report.style import arm_looks

STYLE = {key: field["default"] for key, field in schema()["properties"]["figures"]["properties"].items()}
STYLE |= {"one_point": 1.0}
ARMS = ["bert", "lstm", "tfidf"]
TITLES = {"lstm": "LSTM", "tfidf": "TF-IDF $_<&"}
SIZES = [100, 1000, 10_000]


def gaps(datasets=("d",)):
    return pd.DataFrame([
        {"dataset": dataset, "dataset_title": dataset.upper(), "arm": arm, "arm_title": TITLES[arm],
         "reference": "bert", "reference_title": "BERT", "n": n, "seed": seed, "gap": 9 - 2 * i,
         "gap_mean": 9.0 - 2 * i, "gap_mean_low": 8.0 - 2 * i, "gap_mean_high": 10.0 - 2 * i, "selection": "validation"}
        for dataset in datasets for arm in TITLES for i, n in enumerate(SIZES) for seed in (0, 1)
    ])  # fmt: skip


def beyond(datasets=("d",), refused=()):
    rows = []
    for dataset in datasets:
        for arm in TITLES:
            grid = [1] if arm in refused else [1, 2, 10]
            for times in grid:
                middle = np.nan if arm in refused else 5.0 - np.log(times)
                rows.append({"dataset": dataset, "arm": arm, "arm_title": TITLES[arm], "what": "gap", "largest": 10_000,
                             "n": 10_000 * times, "median": middle,
                             "refused": "it gets worse" if arm in refused else None}
                            | {f"{side}_{p}": middle + sign * p / 40 for p in (50, 80, 95)
                               for side, sign in (("low", -1), ("high", 1))})  # fmt: skip
    return pd.DataFrame(rows + [row | {"what": "score"} for row in rows]).astype({"refused": "str"})


def fans(ax):
    """Return the lines of the medians: without markers, to ten times the largest size."""
    return [line for line in ax.lines if line.get_marker() == "None" and max(line.get_xdata()) == 100_000]


def texts(fig):
    ends = [text.get_text() for ax in fig.axes for text in ax.texts]
    return ends + [text.get_text() for legend in fig.legends for text in legend.get_texts()]


def test_a_fan_starts_where_was_measured_and_ends_at_ten_times_that():
    fig = gap.draw(gaps(), ARMS, STYLE, beyond=beyond())
    (ax,) = fig.axes
    looks = arm_looks(ARMS)
    for arm, line in zip(TITLES, fans(ax), strict=True):
        assert list(line.get_xdata()) == [10_000, 20_000, 100_000]
        assert line.get_ydata() == pytest.approx([5, 5 - np.log(2), 5 - np.log(10)])
        assert same_color(line.get_color(), looks["palette"][arm]) and line.get_marker() == "None"
    bands = [band.get_paths()[0].vertices for band in ax.collections[-8:] if len(band.get_paths())]
    reach = [vertices[:, 1].max() - 5 for vertices in bands if vertices[:, 0].max() == 100_000]
    assert sorted(reach) == pytest.approx([50 / 40, 50 / 40, 2, 2, 95 / 40, 95 / 40])
    assert ax.get_xlim()[1] < 200_000 and ax.get_xticks()[-1] == 100_000
    (line,) = [line for line in ax.lines if set(line.get_xdata()) == {10_000}]
    assert "measured to here" in texts(fig)
    assert set(TITLES.values()) <= set(texts(fig)) and not fig.legends  # names stand at the ends of the fans


def test_one_line_says_how_far_was_measured():
    later = beyond().assign(largest=lambda rows: np.where(rows["arm"] == "lstm", 1_000, 10_000))
    (ax,) = gap.draw(gaps(), ARMS, STYLE, beyond=later).axes
    across = [line.get_xdata()[0] for line in ax.lines if list(line.get_ydata()) == [0, 1]]
    assert across == [10_000]


def test_sizes_beyond_the_ends_of_all_fans_stay_in_the_figure():
    measured = gaps().assign(n=lambda rows: np.where(rows["n"] == rows["n"].max(), 1_000_000, rows["n"]))
    (ax,) = gap.draw(measured, ARMS, STYLE, beyond=beyond(refused=("tfidf",))).axes
    assert ax.get_xlim()[1] > 1_000_000


@pytest.mark.parametrize("refused", [("lstm",), ("lstm", "tfidf")])
def test_a_refused_arm_has_no_fan(refused):
    fig = gap.draw(gaps(), ARMS, STYLE, beyond=beyond(refused=refused))
    assert len(fans(fig.axes[0])) == 2 - len(refused)
    assert ("measured to here" in texts(fig)) == (len(refused) == 1)
    assert set(TITLES.values()) <= set(texts(fig)) and bool(fig.legends) == (len(refused) == 1)
    plain = gap.draw(gaps(), ARMS, STYLE)
    assert (fig.axes[0].get_xlim() == plain.axes[0].get_xlim()) == (len(refused) == 2)


def test_each_panel_has_the_fans_of_its_dataset():
    fig = gap.draw(gaps(("a", "b")), ARMS, STYLE, beyond=beyond(("b",)))
    assert [len(fans(ax)) for ax in fig.axes] == [0, 2]


def ratios(**changes):
    rows = []
    for arm in TITLES:
        for n, labels, low, high in (
            (100, 3800.0, 3100.0, 4700.0), (1000, 9000.0, 7000.0, np.inf), (3000, np.inf, np.inf, np.inf),
            (10_000, np.inf, np.inf, np.inf),
        ):  # fmt: skip
            rows.append({"dataset": "d", "dataset_title": "D", "arm": arm, "arm_title": TITLES[arm],
                         "reference": "bert", "reference_title": "BERT", "n": n, "labels": labels,
                         "labels_low": low, "labels_high": high,
                         "ratio": labels / n, "ratio_low": low / n, "ratio_high": high / n, "smallest": 100,
                         "largest": 10_000, "guessed": False, "selection": "validation"})  # fmt: skip
    return pd.DataFrame(rows).assign(**changes)


def test_worth_shows_ratios_bounds_and_intervals():
    fig = worth.draw(ratios()[lambda table: table["arm"] == "lstm"], ARMS, STYLE)
    (ax,) = fig.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    filled, hollow = (
        [
            line
            for line in ax.lines
            if line.get_marker() not in ("None", "") and (line.get_markerfacecolor() == "white") == empty
        ]
        for empty in (False, True)
    )
    assert [y for line in filled for y in line.get_ydata()] == pytest.approx([38, 9])
    assert [y for line in hollow for y in line.get_ydata()] == pytest.approx(
        [10_000 / 3000]
    )  # at 10,000, nothing is known
    low, high = ax.get_ylim()
    bars = [path.vertices[:, 1].tolist() for path in ax.collections[0].get_paths()]
    assert bars == [pytest.approx([31, 47]), pytest.approx([7, high])]
    assert low < 1 < high and {"LSTM", "BERT"} <= set(texts(fig))
    (reference,) = [line for line in ax.lines if list(line.get_ydata()) == [1, 1]]
    assert same_color(reference.get_color(), arm_looks(ARMS)["palette"]["bert"])


def test_worth_of_a_score_that_the_smallest_size_reaches():
    least = {"labels": 100.0, "labels_low": 100.0, "labels_high": 100.0}
    table = ratios(**least, **{key.replace("labels", "ratio"): 100 / ratios()["n"] for key in least})
    (ax,) = worth.draw(table, ARMS, STYLE).axes
    heights = [y for line in ax.lines if line.get_markerfacecolor() == "white" for y in line.get_ydata()]
    assert sorted(set(heights)) == pytest.approx([0.01, 100 / 3000, 0.1, 1])


def test_worth_without_any_number_says_so(tmp_path):
    table = ratios().assign(labels=np.nan, labels_low=np.nan, labels_high=np.nan)
    assert "Nothing is known" in worth.draw(table, ARMS, STYLE).texts[0].get_text().replace("\n", " ")
    assert "Nothing is known" in worth.draw(table[:0], ARMS, STYLE).texts[0].get_text().replace("\n", " ")


def test_axes_say_which_labels_are_counted():
    assert "Labelled examples, those for validation included" in said(
        gap.draw(gaps().assign(budget="total"), ARMS, STYLE)
    )
    assert "Labelled training examples" in said(gap.draw(gaps(), ARMS, STYLE))
    of_worth = worth.draw(ratios().assign(budget="total"), ARMS, STYLE)
    assert "Labelled examples of the reference, those for validation included" in said(of_worth)


def said(fig):
    """Return all words of a figure."""
    return " ".join(text.get_text().replace("\n", " ") for text in fig.findobj(Text))


def test_figures_are_drawn_from_their_files(tmp_path):
    for name, table in (("gaps", gaps()), ("beyond", beyond()), ("worth", ratios())):
        write_frame(tmp_path / f"{name}.parquet", table)
    about = (ARMS, STYLE, None, "accuracy")
    plot("gap", tmp_path / "gaps.parquet", [tmp_path / "gap.svg"], *about, beyond=tmp_path / "beyond.parquet")
    plot("worth", tmp_path / "worth.parquet", [tmp_path / "worth.svg"], *about)
    assert "measured to here" in (tmp_path / "gap.svg").read_text(encoding="utf-8")
    assert "Labelled training examples of the reference" in (tmp_path / "worth.svg").read_text(encoding="utf-8")
