"""The decision page in a real browser: no request, no error; sliders change the answer, by the rules of the code."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers import chromium, three_arms
from helpers.chromium import run
from helpers.three_arms import (
    HOSTILE,
    SCORES,
    SIZES,
    doubtful,
    pairs_of_other_seeds,
    times_of_arms,
    without_most_labels,
)
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.recommend import Prices, Question, recommend
from pretrain_or_not.report.page import page
from pretrain_or_not.report.page.content import SHAPES, TIMES, TRAINING, as_json, of_arms, of_metric, of_pairs, records
from pretrain_or_not.report.recommendation_words import sentences

ACCURACY = METRICS["accuracy"]


def tables(few=None, ahead=(), untimed=None, ms=None, computed=None, **doubts):
    """Return curves, pairs and times.

    few: name of an arm that was not trained with the most labels. ahead: see `pairs_of_other_seeds`. untimed: name of
    an arm that was not timed. ms: see `times_of_arms`. computed: milliseconds for which the busy machine computed when
    `big` was timed, or "unknown". doubts: see `doubtful`.
    """
    curves, pairs = (doubtful(table, **doubts) for table in (three_arms.curves(), pairs_of_other_seeds(*ahead)))
    timed = times_of_arms(**ms or {})
    if computed is not None:
        big = timed["arm"] == "big"
        timed.loc[big, "busy"], timed.loc[big, "cpu_ms"] = True, np.nan if computed == "unknown" else computed
    return [*(without_most_labels(table, few) for table in (curves, pairs)), timed[timed["arm"] != untimed]]


def cells(curves):
    """Return rows of scores.parquet: two seeds whose means are the scores of curves."""
    of_seeds = [curves.assign(seed=seed, accuracy=curves["score"] + way * 0.01) for seed, way in ((0, -1), (1, 1))]
    return pd.concat(of_seeds, ignore_index=True)


def content(costs=None, case=None, threshold=1.0):
    """Return what the page shows of three arms. case: see `tables`."""
    curves, pairs, timed = tables(**case or {})
    scores = [
        as_json({"arm": row.arm, "n": row.n, "metric": metric, "mean": row.score, "low": row.low, "high": row.high})
        | {"seeds": [row.score - 0.01, row.score + 0.01]}
        for row in curves.itertuples() for metric in ("accuracy", "macro_f1")
    ]  # fmt: skip
    of_dataset = {
        "name": "d", "title": HOSTILE, "metric": of_metric(ACCURACY),
        "metrics": [of_metric(ACCURACY), of_metric(METRICS["macro_f1"])], "reference": "big",
        "arms": of_arms([*SCORES], [*SCORES], curves), "sizes": SIZES, "largest": SIZES[-1], "scores": scores,
        "pairs": of_pairs(pairs, cells(curves), ACCURACY),
        "times": records(timed, TIMES), "batches": [1, 32],
        "training": records(curves, TRAINING),
        "beyond": [{"arm": "small", "what": "score", "n": n, "q025": 91, "q25": 93, "q50": 94, "q75": 95, "q975": 97}
                   for n in (10_000, 30_000, 100_000)],
        "wrong": [{"text": HOSTILE, "label": "a",
                   "answers": {arm: ["a" if arm == "big" else HOSTILE, 0.8] for arm in SCORES}}],
        "wrongAbout": "10,000 labels, seed 0", "answer": [HOSTILE], "notes": ["A note."],
    }  # fmt: skip
    return {"datasets": [of_dataset], "unscored": [], "threshold": threshold, "fewest": 50, "costs": costs or {},
            "warning": "", "included": "", "method": "How.", "made": [["Config", f"title: {HOSTILE}"]]}  # fmt: skip


def test_texts_are_shown_as_they_are(tmp_path):
    found = run(
        page(content(), [HOSTILE]), tmp_path,
        "return [text('wrong'), text('answer'), text('made'), text('curves-caption'), text('choices'),"
        " document.querySelectorAll('img').length, document.querySelectorAll('main script').length]",
    )  # fmt: skip
    assert all(HOSTILE in shown for shown in found[:5])
    assert found[5:] == [0, 0]


QUESTIONS = [
    (Question(n, batch, limit, tolerance, target), prices)
    for n in (100, 550.0, 1000, 10_000)
    for batch, limit in ((32, None), (1, None), (1, 1.0), (32, 0.001), (8, None))
    for tolerance, target in ((-1.0, None), (0.0, 89.0), (1.0, 95.0), (3.5, 79))
    for prices in (Prices(), Prices(0.1, 2.0, 1e6), Prices(None, 3.0, None), Prices(0.1), Prices(0.0, 0.0, 0.0))
]


CASES = [
    {}, {"few": "big"}, {"few": "small"}, {"ahead": [("small", "big")]}, {"untimed": "small"},
    {"ahead": [("small", "big"), ("tiny", "small")], "untimed": "tiny"},
    {"tests": 20, "tied": True}, {"guessing": 0.89}, {"tied": True, "ms": {"small": 1.95, "tiny": 1.9}},
    {"computed": 0.5}, {"computed": "unknown"}, {"guessing": 0.906}, {"incomplete": "small"},
    {"tests": 20, "guessing": 0.906}, {"incomplete": "small", "guessing": 0.906},
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_page_recommends_as_the_code_does(tmp_path, case):
    """case: see `tables`. A negative tolerance comes from the config, as 0."""
    questions = QUESTIONS[:: 3 if case else 1]
    asked = [
        {"n": q.n, "batch": q.batch, "limit": q.limit, "tolerance": q.tolerance, "target": q.target,
         "label": p.label, "hour": p.hour, "perMonth": p.predictions}
        for q, p in questions
    ]  # fmt: skip
    check = f"""return {json.dumps(asked)}.map((set) => {{
      const found = window.page.choices(set);
      return [found.best && found.best.arm.name, found.cheapest && found.cheapest.arm.name,
        found.enough && found.enough.arm.name, window.page.words(set, found),
        found.rows.map((row) => row.once), found.rows.map((row) => row.monthly),
        found.rows.map((row) => [row.gap, row.gapLow, row.gapHigh])];
    }})"""
    shown = run(page(content(case=case), []), tmp_path, check)
    assert len({tuple(row[:2]) for row in shown}) >= 3
    for (question, prices), (best, cheapest, enough, words, once, monthly, gaps) in zip(questions, shown, strict=True):
        found = recommend(*tables(**case), question, prices, ACCURACY)
        assert (best, cheapest, enough) == (found.best, found.cheapest, found.enough), question
        assert words == sentences(question, found, ACCURACY, prices)
        np.testing.assert_allclose(np.array(once, float), found.arms["once"])
        np.testing.assert_allclose(np.array(monthly, float), found.arms["monthly"])
        if best:
            np.testing.assert_allclose(np.array(gaps, float), found.arms[["gap", "gap_low", "gap_high"]].astype(float))


def test_a_reference_that_is_no_model_of_the_page_has_no_table_of_gaps(tmp_path):
    shown = content()
    shown["datasets"][0]["reference"] = "majority"
    shown["unscored"] = [{"text": "Other data: no model has a score.", "notes": []}]
    check = (
        "return [text('numbers').includes('behind'), text('words').length > 0, text('answer').includes('Other data')]"
    )
    assert run(page(shown, []), tmp_path, check) == [False, True, True]
    assert run(page(content(), []), tmp_path, check) == [True, True, False]


def test_without_any_score_the_page_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(chromium, "WAIT", chromium.WAIT.replace("await drawn();", "await until(() => text('answer'));"))
    shown = content() | {"datasets": [], "unscored": [{"text": "d: no model has a score.", "notes": [HOSTILE]}]}
    check = "return [text('answer'), text('made'), [...document.querySelectorAll('main section')].map((o) => o.hidden)]"
    answer, made, hidden = run(page(shown, []), tmp_path, check)
    assert "d: no model has a score." in answer and HOSTILE in answer and HOSTILE in made
    assert hidden == [True] * 5 + [False] * 2


def test_a_page_of_few_test_examples_has_its_tables_and_figures(tmp_path):
    check = "return [text('choices'), text('numbers'), text('words')]"
    choices, numbers, words = run(page(content(case={"tests": 20}), []), tmp_path, check)
    assert "Small92.5 %0.50.4 ms" in choices and "NaN" not in choices + numbers + words
    assert words.startswith("The models cannot be ranked: 20 test examples are too few")


def test_a_negative_threshold_is_none_on_the_page(tmp_path):
    check = "return [document.getElementById('tolerance').value, window.page.settings().tolerance, text('words')]"
    value, tolerance, words = run(page(content(threshold=-1.0), []), tmp_path, check)
    assert (value, tolerance) == ("0", 0) and "No cheaper one is within 0 points of it." in words


def test_the_gaps_of_seeds_are_those_of_cells_that_both_arms_have():
    curves, pairs, _ = tables()
    rows = of_pairs(pairs, cells(curves)[lambda t: (t["arm"] != "tiny") | (t["seed"] == 1)], ACCURACY)
    seeds = {(row["arm"], row["other"]): row["seeds"] for row in rows if row["n"] == 100}
    assert seeds["small", "big"] == pytest.approx([10, 10]) and seeds["big", "small"] == pytest.approx([-10, -10])
    assert seeds["tiny", "small"] == pytest.approx([10])


def test_the_gap_view_shows_seeds_as_dots(tmp_path):
    check = """
      const dots = () => document.querySelectorAll("#curves svg .mark-symbol path").length;
      set("show", "gap:small", "change");
      await until(() => text("curves").includes("behind Small"));
      const all = dots();
      set("seeds", false, "change");
      await until(() => dots() < all);
      return [all, dots()];
    """
    assert run(page(content(), []), tmp_path, check) == [2 * 3 * 3, 2 * 3]  # of two arms: a mean and two seeds per size


def test_sliders_and_choices_change_what_is_said_and_shown(tmp_path):
    check = """
      const said = [text("words")];
      const least = document.getElementById("labels");
      set("labels", least.min); said.push(text("words"));
      set("labels", least.max); set("tolerance", 5); said.push(text("words"));
      set("limit", Math.log10(0.5)); said.push(text("words"));
      set("batch", 1); said.push(text("words"));
      set("price-hour", 2); set("per-month", 1000000); set("limit", document.getElementById("limit").max);
      said.push(text("words"));
      const lines = () => document.querySelectorAll("#curves svg .mark-line path").length;
      const before = lines();
      set("arm-0", false, "change");
      await until(() => lines() < before);
      set("show", "gap:small", "change");
      await until(() => text("curves").includes("behind Small"));
      set("beyond", true, "change");
      const header = document.querySelectorAll("#choices th button")[3];
      header.click(); header.click();
      return [said, [...document.querySelectorAll("#choices tbody th")].map((cell) => cell.textContent),
        document.querySelector("#choices th[aria-sort]").getAttribute("aria-sort")];
    """
    said, order, sort = run(page(content(), []), tmp_path, check)
    assert len(set(said)) == 6
    assert order[-2:] == ["Small", "Tiny"] and sort == "descending"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_a_phone_and_a_desk(tmp_path, width):
    check = """return [document.documentElement.scrollWidth - document.documentElement.clientWidth,
      [...document.querySelectorAll("input, select, button")].filter((one) => !one.labels?.length && !one.textContent
        && !one.closest("label")).map((one) => one.id),
      [...document.querySelectorAll("svg")].every((o) => o.closest("[aria-label]") || o.querySelector("[aria-label]")),
      ]"""
    too_wide, unnamed, described = run(page(content(), []), tmp_path, check, f"--window-size={width},900")
    assert too_wide <= 0 and unnamed == [] and described


def test_the_page_is_dark_where_the_system_is(tmp_path):
    check = "return getComputedStyle(document.body).backgroundColor"
    light = run(page(content(), []), tmp_path, check)
    dark = run(page(content(), []), tmp_path, check, "--force-dark-mode", "--blink-settings=preferredColorScheme=0")
    assert light == "rgb(255, 255, 255)" and dark != light


def test_every_marker_can_be_seen_and_is_told_in_the_list(tmp_path):
    check = """return [[...document.querySelectorAll("#curves .mark-symbol.role-mark path")]
        .map((one) => one.getBBox()).map((box) => [box.width, box.height]),
      [...document.querySelectorAll("#arms .swatch")].map((one) => one.textContent)]"""
    shapes, told = list(SHAPES.values()), []
    for i in range(0, len(shapes), 3):
        shown = content()
        for arm, shape in zip(shown["datasets"][0]["arms"], shapes[i : i + 3], strict=True):
            arm["shape"] = shape
        boxes, symbols = run(page(shown, []), tmp_path, check)
        assert len(boxes) >= 9 and min(map(min, boxes)) > 1
        told += symbols
    assert len(set(told)) == len(shapes) == 9


def test_the_page_is_a_few_hundred_kilobytes():
    assert 300e3 < len(page(content(), [])) < 600e3


def test_the_answer_has_its_first_sentence_and_headings(tmp_path):
    shown = content()
    shown["datasets"][0]["answer"] = [
        "On D, measured.",
        "- **a**",
        f"- {HOSTILE}",
        "What it is worth:",
        "- c",
        "Not counted.",
    ]
    check = "return [...document.getElementById('answer').children].map((part) => [part.tagName, part.children.length])"
    found = run(page(shown, []), tmp_path, check)
    assert found[:5] == [["P", 0], ["UL", 2], ["H3", 0], ["UL", 1], ["P", 0]]


def test_texts_show_the_recommended_model_first(tmp_path):
    heads = "[...document.querySelectorAll('#wrong th')].map((head) => head.textContent)"
    check = f"const first = {heads}; set('tolerance', 0); return [first, {heads}]"
    first, other = run(page(content(), []), tmp_path, check)
    assert first[2] == "Small" and other[2].startswith("Big") and sorted(first) == sorted(other)


@pytest.mark.parametrize(("width", "labels"), [(390, 0), (1100, 3)])
def test_labels_of_points_are_a_legend_on_a_narrow_screen(tmp_path, width, labels):
    check = (
        "return [document.querySelectorAll('#frontier .mark-text.role-mark text').length,"
        " document.querySelectorAll('#frontier .role-legend-label text').length, innerWidth]"
    )
    found = run(page(content(), []), tmp_path, check, f"--window-size={width},1000")
    assert found[:2] == [labels, 3 - labels], found


# Shows the page as on paper: what its style sheet says of print holds, in a window as wide as a page.
ON_PAPER = """
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.media && rule.media.mediaText === "print").flatMap((rule) => [...rule.cssRules]);
  const style = document.createElement("style");
  document.head.append(Object.assign(style, { textContent: rules.map((r) => r.cssText).join("\\n") }));
  const seen = (selector) => [...document.querySelectorAll(selector)].some((one) => one.getClientRects().length);
"""


def test_on_paper_nothing_is_cut_off_and_sliders_are_words(tmp_path):
    check = f"""
      set("labels", 2.5); set("price-hour", 2);
      {ON_PAPER}
      document.querySelectorAll("details").forEach((one) => {{ one.open = true; }});
      const wide = [...document.querySelectorAll("table, svg, pre, p, li")]
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 || one.scrollWidth > one.clientWidth + 1);
      return [rules.length > 5, wide.map((one) => one.tagName + one.id), seen("#controls"), seen("#show"),
        seen("#curves svg"), seen("#frontier svg"), seen("#arms .swatch"), seen("#arms input"), seen("#wrong td"),
        text("asked"), seen("#asked"),
        getComputedStyle(document.querySelector("pre")).maxHeight];"""
    rules, wide, *shown, asked, is_seen, height = run(page(content(), []), tmp_path, check, "--window-size=718,900")
    assert rules and wide == [] and is_seen and height == "none"
    assert shown == [False, False, True, True, True, False, True]
    assert asked == (
        "Asked: labels: 316; longest time for a text: any; texts come 32 at a time; close to the best: within 1 point; "
        "price of one hour of the machine: 2.00."
    )


def test_what_is_on_paper_only_is_not_on_the_screen(tmp_path):
    assert run(page(content(), []), tmp_path, "return document.getElementById('asked').getClientRects().length") == 0


def test_a_screen_reader_has_names_values_and_an_order(tmp_path):
    check = """
      set("labels", 2.5);
      const name = (one) => one.getAttribute("aria-label") || one.labels?.[0]?.textContent
        || document.getElementById(one.getAttribute("aria-labelledby"))?.textContent;
      const parts = document.querySelectorAll("table, select, input, section, form:not(.vega-bindings)");
      const figures = [...document.querySelectorAll("figure svg")].map((one) => one.closest("[aria-label]"));
      return [[...parts].filter((one) => !name(one)).map((one) => one.id),
        ["labels", "limit"].map((id) => document.getElementById(id).getAttribute("aria-valuetext")),
        [...document.querySelectorAll("h1, h2, h3")].map((one) => Number(one.tagName[1])),
        [...document.querySelectorAll("th")].filter((one) => !one.scope).length,
        document.getElementById("words").getAttribute("aria-live"),
        figures.map((one) => one && one.getAttribute("aria-label")),
        document.querySelectorAll("svg .role-mark:not([aria-hidden=true])").length];"""
    unnamed, values, levels, no_scope, live, figures, marks = run(page(content(), []), tmp_path, check)
    assert unnamed == [] and values == ["316 labels", "any"] and no_scope == 0 and live == "polite" and marks == 0
    assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False)) and len(levels) > 8
    assert [text.split(":")[0] for text in figures] == ["Curves", "Points"]


@pytest.mark.parametrize("width", [1000, 1400, 2000])
def test_labels_of_points_do_not_overlap_nor_leave_the_figure(tmp_path, width):
    shown = content()
    (dataset,) = shown["datasets"]
    for row in dataset["times"]:
        row["ms"] = {"big": 9.9, "small": 9.8, "tiny": 9.7}[row["arm"]]
    for row in dataset["scores"]:
        row |= {"mean": 0.9 + 0.001 * (row["arm"] == "big"), "low": 0.89, "high": 0.91}
    for arm in dataset["arms"]:
        arm["title"] = f"{arm['title'][:12]}, with a long name"
    check = """
      const figure = document.getElementById("frontier").getBoundingClientRect();
      return [...document.querySelectorAll("#frontier .mark-text.role-mark text")]
        .map((one) => one.getBoundingClientRect())
        .map((box) => [box.left - figure.left, box.right - figure.left, box.top, box.bottom, figure.width]);"""
    boxes = run(page(shown, []), tmp_path, check, f"--window-size={width},1000")
    assert len(boxes) == 3 and all(left >= -1 and right <= most + 1 for left, right, _, _, most in boxes)
    for i, (left, right, top, bottom, _) in enumerate(boxes):
        for other in boxes[:i]:
            assert right <= other[0] or other[1] <= left or bottom <= other[2] + 1 or other[3] <= top + 1, boxes
