"""Pool the states of the tokens of a text into one vector."""


def mean_pooled(output, attention_mask):
    """Return the mean of the last hidden states over an example's tokens, float32 (batch, width).

    output: its last_hidden_state has shape (batch, time, width). The pooling of Sentence-BERT (Reimers and Gurevych
    2019), which is better than the first token's state if nothing is fine-tuned.
    """
    mask = attention_mask.unsqueeze(-1).float()
    return (output.last_hidden_state.float() * mask).sum(dim=1) / mask.sum(dim=1)
