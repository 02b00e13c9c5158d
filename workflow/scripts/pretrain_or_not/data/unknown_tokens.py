"""Warn of texts that a tokenizer knows little of."""

from pretrain_or_not.job import log, warn

MOST_UNKNOWN = 0.05  # share of unknown tokens, above which there is a warning


def report_unknown(share: float, of: str, tokenizer: str) -> None:
    """Log the `share` of tokens that stand for something that a tokenizer does not know; warn if it is large.

    of, tokenizer: what the tokens are of, and which tokenizer it is, in the words of the warning.
    """
    log.info("%.2f %% of the tokens are unknown", 100 * share)
    if share > MOST_UNKNOWN:
        warn(
            f"{of}: {100 * share:.0f} % of its tokens are unknown to {tokenizer}; all of them look the same to a "
            "model. Is it a tokenizer for this language, with all of its files? If it is trained here, give it more "
            "tokens, or take `kind: bpe`"
        )
