"""What is written of the advice says which labels are counted."""

import numpy as np
import pandas as pd

from helpers.measured import arms
from pretrain_or_not.config.metric import ACCURACY
from pretrain_or_not.report import advice as module

COSTS = dict.fromkeys(("label", "hour", "predictions_per_month"))


def test_pairs_and_recommendation_are_marked_by_the_budget(tmp_path, monkeypatch):
    scores, _, gaps = arms({"bert": lambda n: 0.2 + 0 * np.asarray(n)}, [100], examples=200)
    monkeypatch.setattr(module, "curves_of", lambda *_: pd.DataFrame({"dataset": []}))  # no question is asked
    monkeypatch.setattr(module, "times_of", lambda *_: pd.DataFrame())
    for budget in ({"budget": "total"}, {}):
        outputs = {name: tmp_path / f"{name}.parquet" for name in ("pairs", "recommendation")}
        told = scores.assign(size="100", validation_examples=20, **budget)
        module.advice(told, gaps, {}, "bert", 1.0, ACCURACY, None, pd.DataFrame(), COSTS, None, {}, outputs)
        assert all(("budget" in pd.read_parquet(path)) == bool(budget) for path in outputs.values())
