"""Write numbers of a metric in words."""

from __future__ import annotations

from pretrain_or_not.config.metric import Metric
from pretrain_or_not.config.numbers import number


def heading(metric: Metric) -> str:
    """Return the heading of a column or axis of test scores: ``Test accuracy (%)``."""
    return f"Test {metric.title} ({metric.unit})"


def sentence_case(title: str) -> str:
    """Return a title with a capital letter at its start: ``Macro-F1``."""
    return title[:1].upper() + title[1:]


def score_text(metric: Metric, value: float) -> str:
    """Return a score with its unit: ``88.0 %``, ``0.512 nats``; MCC and AUC, times 100, without one."""
    unit = "" if metric.unit.startswith("×") else f" {metric.unit}"
    return f"{number(metric.scale * value, metric.digits)}{unit}"


def side_of(metric: Metric, gap: float) -> tuple[int, str]:
    """Return 1 and "behind", or -1 and "ahead" where a gap is below 0 as it is shown."""
    return (-1, "ahead") if number(gap, metric.digits).startswith("−") else (1, "behind")


def gap_heading(metric: Metric) -> str:
    """Return what a gap is measured in, as the start of a heading: ``Points``, ``Points of macro-F1``."""
    of = "" if metric.name == "accuracy" else f" of {metric.title}"
    return f"{metric.step.capitalize()}s{of}"


def steps(metric: Metric, value: float) -> str:
    """Return a gap in words: ``1 point``, ``0.5 points``, ``0.02 nats``."""
    return f"{value:g} {metric.step}{'s' * (value != 1)}"


def close_words(metric: Metric, threshold: float) -> str:
    """Return in words that a gap is below a threshold: ``less than 1 point behind``, ``more than 1 point ahead``."""
    if threshold < 0:
        return f"more than {steps(metric, -threshold)} ahead"
    return f"less than {steps(metric, threshold)} behind" if threshold else "ahead"


def guessing_words(metric: Metric) -> str:
    """Return in words what an arm that has learnt nothing does."""
    if metric.of_classes:
        return "always answering the most frequent class"
    return "giving every text the shares of the classes as probabilities"
