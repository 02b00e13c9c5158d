"""The decision page in a real browser: no request, no error; sliders change the answer, by the rules of the code."""

import json

import numpy as np
import pytest

from helpers.chromium import run
from helpers.three_arms import HOSTILE, SCORES, SIZES, curves, pairs, times
from pretrain_or_not.config.metrics import METRICS
from pretrain_or_not.evaluation.recommend import Prices, Question, recommend
from pretrain_or_not.report.page import page
from pretrain_or_not.report.page.content import of_arms, of_metric, records
from pretrain_or_not.report.recommendation_words import sentences

ACCURACY = METRICS["accuracy"]


def content(costs=None):
    """Return what the page shows of three arms."""
    scores = [
        {"arm": row.arm, "n": row.n, "metric": metric, "mean": row.score, "low": row.low, "high": row.high,
         "seeds": [row.score - 0.01, row.score + 0.01]}
        for row in curves().itertuples() for metric in ("accuracy", "macro_f1")
    ]  # fmt: skip
    of_dataset = {
        "name": "d", "title": HOSTILE, "metric": of_metric(ACCURACY),
        "metrics": [of_metric(ACCURACY), of_metric(METRICS["macro_f1"])], "reference": "big",
        "arms": of_arms([*SCORES], [*SCORES], curves()), "sizes": SIZES, "largest": SIZES[-1], "scores": scores,
        "pairs": records(pairs(), {"arm": "arm", "other": "other", "n": "n", "gap": "gap", "gap_low": "low",
                                   "gap_high": "high"}),
        "times": records(times(), {key: key for key in ("arm", "batch", "ms", "busy")}), "batches": [1, 32],
        "training": records(curves(), {key: key for key in ("arm", "n", "hours")}),
        "beyond": [{"arm": "small", "what": "score", "n": n, "q025": 91, "q25": 93, "q50": 94, "q75": 95, "q975": 97}
                   for n in (10_000, 30_000, 100_000)],
        "wrong": [{"text": HOSTILE, "label": "a",
                   "answers": {arm: ["a" if arm == "big" else HOSTILE, 0.8] for arm in SCORES}}],
        "wrongAbout": "10,000 labels, seed 0", "answer": [HOSTILE], "notes": ["A note."],
    }  # fmt: skip
    return {"datasets": [of_dataset], "threshold": 1.0, "costs": costs or {}, "warning": "", "method": "How.",
            "made": [["Config", f"title: {HOSTILE}"]]}  # fmt: skip


def test_texts_are_shown_as_they_are(tmp_path):
    found = run(
        page(content(), [HOSTILE]), tmp_path,
        "return [text('wrong'), text('answer'), text('made'), text('curves-caption'), text('choices'),"
        " document.querySelectorAll('img').length, document.querySelectorAll('main script').length]",
    )  # fmt: skip
    assert all(HOSTILE in shown for shown in found[:5])
    assert found[5:] == [0, 0]


QUESTIONS = [
    (Question(n, batch, limit, tolerance), prices)
    for n in (100, 550.0, 1000, 10_000)
    for batch, limit in ((32, None), (1, None), (1, 1.0), (32, 0.001), (8, None))
    for tolerance in (0.0, 1.0, 3.5)
    for prices in (Prices(), Prices(0.1, 2.0, 1e6), Prices(None, 3.0, None))
]


def test_the_page_recommends_as_the_code_does(tmp_path):
    asked = [
        {"n": q.n, "batch": q.batch, "limit": q.limit, "tolerance": q.tolerance, "label": p.label, "hour": p.hour,
         "perMonth": p.predictions}
        for q, p in QUESTIONS
    ]  # fmt: skip
    check = f"""return {json.dumps(asked)}.map((set) => {{
      const found = window.page.choices(set);
      return [found.best && found.best.arm.name, found.cheapest && found.cheapest.arm.name,
        window.page.words(set, found), found.rows.map((row) => row.once), found.rows.map((row) => row.monthly)];
    }})"""
    shown = run(page(content(), []), tmp_path, check)
    assert len({tuple(row[:2]) for row in shown}) >= 5
    for (question, prices), (best, cheapest, words, once, monthly) in zip(QUESTIONS, shown, strict=True):
        found = recommend(curves(), pairs(), times(), question, prices, ACCURACY)
        assert (best, cheapest) == (found.best, found.cheapest), question
        assert words == sentences(question, found, ACCURACY)
        if prices.label:
            np.testing.assert_allclose(once, found.arms["once"])
            np.testing.assert_allclose(np.array(monthly, float), found.arms["monthly"])


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


def test_the_page_is_a_few_hundred_kilobytes():
    assert 300e3 < len(page(content(), [])) < 600e3
