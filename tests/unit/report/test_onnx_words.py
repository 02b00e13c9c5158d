"""The words about a model's ONNX graphs."""

import numpy as np
import pytest

from pretrain_or_not.evaluation.onnx_comparison import points_behind
from pretrain_or_not.report.onnx_words import comparison_lines


def variant(name, precision, megabytes, accuracy, others, times, waiting=1.0, error=0.0):
    return {
        "name": name, "precision": precision, "bytes": megabytes * 10**6, "accuracy": accuracy,
        "points_behind_original": {"mean": 100 * (0.6 - accuracy), "standard_error": error},
        "other_class_than_original": others,
        "ms_per_text": {size: waiting * ms for size, ms in times.items()}, "cpu_ms_per_text": times,
    }  # fmt: skip


def result(int8=None, waiting=1.0, left_out=0):
    variants = [
        variant("original", "bf16", 90, 0.6, 0, {"1": 20.0, "32": 5.0}, waiting),
        variant("ONNX", "fp32", 92, 0.6, 1, {"1": 8.0, "32": 20.0}),
        *([int8] if int8 else []),
    ]
    return {
        "source": "the test split of toy", "texts": 2000, "tokens_per_text": 21.8, "left_out": left_out, "threads": 1,
        "device": "a processor", "variants": variants,
    }  # fmt: skip


def test_the_table_has_a_row_per_form_and_says_what_is_fastest():
    lines = comparison_lines(result())
    assert lines == [
        "On 2,000 texts of the test split of toy (22 tokens on average), 1 thread of a processor:",
        "                    size  accuracy  ms per text, batch 1  ms per text, batch 32",
        "original (bf16)  90.0 MB    60.0 %                 20.00                   5.00",
        "ONNX (fp32)      92.0 MB    60.0 %                  8.00                  20.00",
        "Fastest here: ONNX in batches of 1, original in batches of 32.",
    ]


def test_times_of_a_busy_machine_are_those_of_the_processor():
    lines = comparison_lines(result(waiting=3.0, left_out=4))
    assert lines[2].endswith("20.00                   5.00")
    assert lines[4].startswith("The machine was busy") and lines[4].endswith("up to 3.0 times as long.")
    assert lines[5] == "4 rows without text or label left out."


@pytest.mark.parametrize(
    ("accuracy", "error", "times", "last"),
    [
        (
            0.598,
            0.1,
            {"1": 4.0, "32": 19.0},
            "int8: 4.0 times smaller than ONNX, 2.0 times as fast in batches of 1 and",
        ),
        (0.598, 0.1, {"1": 8.0, "32": 25.0}, "int8 does not help the speed on this machine: it only saves space."),
        (0.598, 0.5, {"1": 4.0, "32": 19.0}, "int8 may cost more than 1 point of accuracy: compare on more texts, or"),
        (0.588, 0.5, {"1": 8.0, "32": 20.0}, "int8 may cost more than 1 point of accuracy"),
        (0.58, 0.5, {"1": 4.0, "32": 19.0}, "int8 does not help: it costs more than 1 point of accuracy. Use model."),
    ],
)
def test_it_says_where_8_bits_do_not_help(accuracy, error, times, last):
    lines = comparison_lines(result(variant("ONNX int8", "int8", 23, accuracy, 12, times, error=error)))
    assert lines[-1].startswith(last)
    assert any("12 of 2,000 texts get another class" in line for line in lines)
    ends = (f"{100 * (accuracy - 0.6) + sign * 1.96 * error:+.1f}".replace("-", "−") for sign in (-1, 1))
    assert any(" to ".join(ends) in line for line in lines)
    assert any(f"accuracy {100 * (accuracy - 0.6):+.1f} points".replace("-", "−") in line for line in lines)


@pytest.mark.parametrize("texts", [1, 20])
def test_a_few_texts_that_are_classified_alike_prove_nothing(texts):
    right = np.ones(texts)
    int8 = variant("ONNX int8", "int8", 23, 0.6, 0, {"1": 4.0, "32": 19.0})
    lines = comparison_lines(result(int8 | {"points_behind_original": points_behind(right, right)}))
    assert lines[-1].startswith("int8 may cost more than 1 point of accuracy")


def test_points_behind_are_paired():
    reference, own = np.repeat([1.0, 0.0], [900, 100]), np.repeat([1.0, 0.0, 1.0], [890, 105, 5])
    behind = points_behind(reference, own)  # 10 lost, 5 won
    assert behind["mean"] == pytest.approx(0.5) and behind["standard_error"] == pytest.approx(0.43, abs=0.02)
