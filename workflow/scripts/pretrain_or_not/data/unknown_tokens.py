"""Warn of texts that a tokenizer knows little of."""

from pretrain_or_not.job import log, warn

MOST_UNKNOWN = 0.05  # share of unknown tokens, above which there is a warning


def report_unknown(share, dataset, name):
    """Log the `share` of tokens that stand for something that the tokenizer does not know; warn if it is large.

    dataset, name: of the dataset and of the model in the config.
    """
    log.info("%.2f %% of the tokens are unknown", 100 * share)
    if share > MOST_UNKNOWN:
        warn(
            f"datasets: {dataset}: {100 * share:.0f} % of its tokens are unknown to the tokenizer of models: {name}; "
            "all of them look the same to a model. Is it a tokenizer for this language, with all of its files?"
        )
