"""The table of metrics: what scores are measured in.

A metric `NAME` has its code in ``compute/metrics/NAME.py``. This module is imported whenever the Snakefile is parsed,
so it imports no large library. No job imports it that trains, tests, teaches or times: a new row runs none of them
again.
"""

from pretrain_or_not.config.metric import ACCURACY, Metric

METRICS = {
    metric.name: metric
    for metric in (
        ACCURACY,
        Metric("macro_f1", "macro-F1", "%", over_classes=True, exact=False),
        Metric("mcc", "MCC", "× 100", bounds=(-1.0, 1.0), fewest_classes=2, exact=False),
        Metric(
            "log_loss", "log loss", "nats", scale=1, step="nat", digits=3, small=0.02, bounds=(0.0, float("inf")),
            higher_is_better=False, of_classes=False,
        ),
        Metric("auc", "AUC", "× 100", of_classes=False, fewest_classes=2, over_classes=True, exact=False),
    )
}  # fmt: skip
