"""Floating-point operations of a training run, counted from the shapes of the model."""


def matrix_parameters(model, embedding):
    """Weights that multiply each token: all matrices but the embedding tables (a look-up multiplies nothing)."""
    tables = {id(p) for p in embedding}
    return sum(p.numel() for p in model.parameters() if p.ndim == 2 and id(p) not in tables)


def training_flops(weights, tokens, layers=0, width=0, length=0):
    """FLOPs of forward and backward passes over `tokens` tokens (padding included).

    A multiply and an add for each of `weights` and token forward, twice that backward: 6 * weights * tokens (Kaplan et
    al. 2020, section 2.1); attention adds 12 * layers * width * length for each token, `length` being the mean width of
    a batch. Layers that see an example once (pooler, classifier) are counted for each token: an overestimate under 3 %.
    """
    return (6 * weights + 12 * layers * width * length) * tokens
