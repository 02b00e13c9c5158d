"""Export a selected neural network to ONNX, in a shell: python -m pretrain_or_not.export MODEL OUT.

OUT is a new folder with the graph (model.onnx), the tokenizer, and classifier.json with the names of the classes and of
the inputs. The graph is written only if onnxruntime gives the probabilities of torch. Where labelled texts are at hand,
which are those of --texts or the test split next to the model, size, accuracy and time per text are compared; the
numbers are also in OUT/comparison.json.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pretrain_or_not.errors import BadInput

COMPARISON = "comparison.json"


def main(arguments: list[str] | None = None) -> int:
    """Export a model, and return the exit status. arguments: of the command line, None for those given."""
    parser = argparse.ArgumentParser(
        prog="python -m pretrain_or_not.export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="the folder `selected` of a cell, or a copy of it")
    parser.add_argument("out", metavar="OUT", type=Path, help="the folder to write, which does not exist yet")
    parser.add_argument("--int8", action="store_true", help="also write model_int8.onnx, whose weights have 8 bits")
    parser.add_argument("--texts", metavar="FILE", help="compare on the labelled texts of this file (CSV, Parquet, …)")
    parser.add_argument("--label", metavar="COLUMN", default="label", help="its column of labels (default: label)")
    parser.add_argument("--most", metavar="N", type=int, default=1000, help="most texts to compare on (default: 1000)")
    parser.add_argument("--threads", metavar="N", type=int, default=1, help="threads of the comparison (default: 1)")
    given = parser.parse_args(arguments)
    for name in ("most", "threads"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be at least 1")
    try:
        for line in export(given):
            print(line, flush=True)
    except BadInput as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


def export(given):
    """Export a model and yield lines for the terminal. given: the arguments of the command line, by name."""
    from pretrain_or_not.evaluation import onnx_comparison, onnx_folder  # here, so that --help is quick
    from pretrain_or_not.files.json_files import write_json
    from pretrain_or_not.report.onnx_words import comparison_lines

    onnx_folder.check_packages()
    model, network = onnx_folder.load_network(given.model)
    if given.texts:
        labelled = onnx_comparison.read_labelled(given.texts, given.label, model.about)
    else:
        labelled = onnx_comparison.read_test_split(given.model, model.about)

    def compare(variants, scratch):
        result = onnx_comparison.compare(model, labelled, given.most, given.threads, variants)
        write_json(scratch / COMPARISON, result)
        return result

    wanted = compare if labelled else None
    difference, result = onnx_folder.export(model, network, given.model, given.out, given.int8, given.threads, wanted)
    yield f"{given.out}: written; probabilities are within {difference:.1g} of torch's"
    if result:
        yield from comparison_lines(result)
    else:
        yield "Not compared: there is no test split next to the model. Give labelled texts by --texts and --label."


if __name__ == "__main__":
    sys.exit(main())
