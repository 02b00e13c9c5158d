"""Count the parameters of a model."""


def parameter_counts(model, embedding):
    """Count the parameters: in total, trained, and in the embedding tables `embedding` (a list of tensors)."""
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "parameters_trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "parameters_embedding": sum(p.numel() for p in embedding),
    }
