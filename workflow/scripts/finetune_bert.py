"""Fine-tune a pretrained transformer on one subset at one learning rate."""

import torch

from batches import read_cell
from fit import fit
from flops import matrix_parameters, training_flops
from pretrained import verified
from run_files import cell_of, parameter_counts, save_model, save_run
from stage import BadInput, log, stage
from transformer import load_for_classification, position_limit


def embedding_tables(model):
    """The weights of all embedding layers of `model` (tokens, positions, types)."""
    return [m.weight for m in model.modules() if isinstance(m, torch.nn.Embedding)]


def finetune_bert(paths, pretrained, recipe, learning_rate, seed, threads, cell, outputs):
    """Fine-tune on the subset and write the run.

    paths: train, validation, subset, and validation_max; pretrained: a model of the config; outputs: see `run_files`.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    train, validation = read_cell(paths, cell["dataset"], recipe["model"])
    model = load_for_classification(verified(pretrained), train.about["label_names"], recipe["dropout"])
    limit = position_limit(model)
    if limit and train.about["max_length"] > limit:
        raise BadInput(
            f"datasets: {cell['dataset']}: max_length {train.about['max_length']} is more than the {limit} tokens "
            f"that model {recipe['model']!r} takes in; lower it"
        )
    rows = model.get_input_embeddings().num_embeddings
    if train.about["vocabulary"] > rows:
        raise BadInput(
            f"{paths['train']}: token ids up to {train.about['vocabulary']}, and model {recipe['model']!r} has {rows}: "
            "made by another tokenizer? Delete it and run again"
        )
    log.info("fine-tuning on %d examples, validating on %d", len(train), len(validation))
    history, cost = fit(model, train, validation, recipe, learning_rate, seed)
    tables = embedding_tables(model)
    cost |= parameter_counts(model, tables)
    cost["training_flops"] = training_flops(
        matrix_parameters(model, tables),
        cost["tokens_seen"],
        layers=model.config.num_hidden_layers,
        width=model.config.hidden_size,
        length=cost["tokens_seen"] / cost["examples_seen"],
    )
    save_model(model, outputs["model"], outputs["config"])
    save_run(history, cost, recipe, cell | {"n": len(train)}, outputs)


if __name__ == "__main__":
    with stage(snakemake):
        finetune_bert(
            paths=dict(snakemake.input.items()) | {"validation_max": snakemake.params.validation_max},
            pretrained=snakemake.params.pretrained,
            recipe=snakemake.params.recipe,
            learning_rate=float(snakemake.wildcards.setting.removeprefix("lr")),
            seed=int(snakemake.wildcards.seed),
            threads=snakemake.threads,
            cell=cell_of(snakemake.wildcards),
            outputs=dict(snakemake.output.items()),
        )
