"""Load pretrained transformers: with a new head for classification, without a head, or their token embeddings alone."""

from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.utils import logging

from pretrain_or_not.compute.adapters import with_adapter
from pretrain_or_not.compute.dropout import dropout as fast_dropout
from pretrain_or_not.compute.dropout import replace_dropouts
from pretrain_or_not.compute.last_token import classify_last_token
from pretrain_or_not.compute.loaded_weights import check_loaded
from pretrain_or_not.compute.modulation import L2M, OWN
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.architectures import ARCHITECTURES, find_architecture
from pretrain_or_not.files.json_files import read_json
from pretrain_or_not.files.model_files import check_architecture, check_settings, check_weight_files
from pretrain_or_not.files.paths import MODEL_FILES
from pretrain_or_not.job import log

# The load report warns that the classifier is new, which is intended in fine-tuning; progress bars fill the log.
logging.set_verbosity_error()

logging.disable_progress_bar()

# Pickled weights are not loaded, and code that comes with a model is not run.
SAFE = {"use_safetensors": True, "trust_remote_code": False}

UNREADABLE = (OSError, ValueError, SafetensorError)

# The name of `attention` below in transformers.
ATTENTION = "sdpa_with_fast_dropout"

RANDOM_WEIGHTS = "random_weights"  # key of config.json of a model that has not been trained at all

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "mlp_dropout",
            "embedding_dropout", "classifier_dropout", "classifier_dropout_prob", "seq_classif_dropout", "dropout_rate",
            "embd_pdrop", "attn_pdrop", "resid_pdrop", "activation_dropout", "pooler_dropout")  # fmt: skip


def load_for_classification(folder, label_names, dropout, pretrained=True, revision=None):
    """Return a transformer with a new classification head, in float32, with all its DROPOUTS set to `dropout`.

    pretrained: whether the transformer has the weights in `folder`, or random ones as before its pretraining. Weights
    stored in half precision are trained in single precision: `precision` sets the precision of computations. The head
    is new even if `folder` has one, because its classes are others. A model that the workflow has made without any
    step has no weights worth loading: it gets other random ones in each run. revision: of a Hub id. `new_weights` of
    the model are the names of those that come from no pretraining. Raises BadInput if nothing can be loaded from
    `folder` (a local folder or a Hub id), or not all weights of its pretraining.
    """
    config, row = read_config(folder, revision)
    set_dropout(config, dropout)
    config.id2label = dict(enumerate(label_names))
    config.label2id = {name: i for i, name in enumerate(label_names)}
    config.problem_type = "single_label_classification"
    untrained = getattr(config, RANDOM_WEIGHTS, False)
    if hasattr(config, RANDOM_WEIGHTS):
        delattr(config, RANDOM_WEIGHTS)  # it does not hold for the classifier
    if pretrained and not untrained:
        model = load_new_headed(folder, revision, config, row)
    else:
        with loading(folder):
            model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        model.new_weights = frozenset(model.state_dict())
    return prepared(model, row)


def set_dropout(config, dropout):
    """Set all DROPOUTS of a config that it has, in place."""
    for name in DROPOUTS:
        if isinstance(getattr(config, name, None), int | float):
            setattr(config, name, dropout)


def read_config(folder, revision):
    """Return the config of a model and its row of `ARCHITECTURES`; raise BadInput if it is not supported."""
    check_architecture(folder)
    with loading(folder):
        config = AutoConfig.from_pretrained(folder, revision=revision, trust_remote_code=False)
    row = find_architecture(config.model_type, folder)
    check_settings(config.to_dict(), folder)
    for key, value in row.config:
        setattr(config, key, value)
    return config, row


def load_new_headed(folder, revision, config, row):
    """Return a classifier with the weights of pretraining in `folder` and a new head."""
    model, info = load(AutoModelForSequenceClassification, folder, revision, config)
    needed = {name for name in model.state_dict() if name.startswith(f"{model.base_model_prefix}.")}
    kept = {name for name in model.state_dict() if row.kept_head and name.startswith(row.kept_head)}
    head = set(model.state_dict()) - needed - kept
    if head - info["missing_keys"]:
        initialize(model, head)
        info["missing_keys"] |= head
        log.info("%s has a classification head already; it is replaced by a new one", folder)
    check_loaded(model, info, needed, set(model.state_dict()), folder)
    model.new_weights = frozenset(info["missing_keys"])
    return model


def initialize(model, names):
    """Give the weights with these names new random values, drawn as transformers draws them, in place."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        tensor._is_hf_initialized = name not in names
    for module in model.modules():
        module._is_hf_initialized = False
    model.initialize_weights()


def load(auto_class, folder, revision, config):
    """Return a model and what transformers says about the loading of its weights; raise BadInput if there is none."""
    check_weight_files(folder)
    with loading(folder):
        return auto_class.from_pretrained(
            folder, revision=revision, config=config, dtype=torch.float32, output_loading_info=True,
            ignore_mismatched_sizes=True, **SAFE,
        )  # fmt: skip


@contextmanager
def loading(folder):
    """Raise BadInput that says why, if what is loaded from `folder` in the block cannot be loaded."""
    try:
        yield
    except Exception as error:  # of many kinds, as configs can be wrong in many ways
        raise unreadable(folder, error) from error


def prepared(model, row):
    """Return a classifier with fast dropout and, for an encoder-decoder, the `forward` of `last_token`."""
    speed_up_dropout(model)
    if row.kind == "encoder-decoder":
        classify_last_token(model)
    return model


def speed_up_dropout(model):
    """Give a transformer fast dropout, in attention too, in place."""
    replace_dropouts(model)
    if model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(ATTENTION)


def attention(module, query, key, value, attention_mask, dropout=0.0, scaling=None, **options):
    """Return scaled dot-product attention as transformers computes it, but with `dropout.dropout` on a CPU.

    query, key, value: (batch, heads, time, width of a head). Returns ((batch, time, heads, width), None).
    """
    causal = options.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal  # as in transformers
    maskable = not causal if attention_mask is None else attention_mask.dtype == torch.bool
    plain = key.shape == query.shape and "position_bias" not in options
    if not (dropout > 0 and query.device.type == "cpu" and maskable and plain):
        return sdpa_attention_forward(module, query, key, value, attention_mask, dropout, scaling, **options)
    scores = (query * (query.shape[-1] ** -0.5 if scaling is None else scaling)) @ key.transpose(2, 3)
    if attention_mask is not None:
        # Not infinity: a row of padding without any visible token, as in a sliding window, would become NaN and spread.
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    attended = fast_dropout(scores.softmax(dim=-1), dropout) @ value
    return attended.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, attention)

AttentionMaskInterface.register(ATTENTION, sdpa_mask)


def unreadable(folder, error):
    """Return BadInput that says why no model can be loaded from `folder`, and what to do."""
    reason = " ".join(str(error).split())
    if isinstance(error, SafetensorError):
        reason = f"its model.safetensors is broken ({reason}); get it again"
    elif "trust_remote_code" in reason:
        reason = "it needs code that comes with it, which is not run; choose a model that transformers knows"
    elif not isinstance(error, UNREADABLE):
        reason = f"{type(error).__name__}: {reason}; is its config.json right?"
    return BadInput(f"models: no model can be loaded from {folder!r}: {reason}")


def load_encoder(folder, revision=None, dropout=None):
    """Return a pretrained transformer without a head, in float32; of an encoder-decoder, the encoder.

    folder: a local folder or a Hub id. revision: of a Hub id. dropout: for all its DROPOUTS; None, for those that the
    folder names. `new_weights` and errors are those of `load_for_classification`.
    """
    config, row = read_config(folder, revision)
    if dropout is not None:
        set_dropout(config, dropout)
    model, info = load(AutoModel, folder, revision, config)
    encoder = model.get_encoder() if row.kind == "encoder-decoder" else model
    own = {id(tensor) for tensor in encoder.state_dict(keep_vars=True).values()}
    needed = {name for name, tensor in model.state_dict(keep_vars=True).items() if id(tensor) in own}
    check_loaded(model, info, needed, needed, folder)
    encoder.new_weights = frozenset(info["missing_keys"])
    return encoder


def encoder_of_settings(settings):
    """Return an encoder with random weights. settings: its config as a dict, as `to_dict` returns it."""
    config = AutoConfig.for_model(**settings)
    return bare_encoder(config, ARCHITECTURES[config.model_type])


def bare_encoder(config, row):
    """Return a transformer of random weights, in float32; of an encoder-decoder, the encoder."""
    model = AutoModel.from_config(config, dtype=torch.float32)
    return model.get_encoder() if row.kind == "encoder-decoder" else model


def load_fine_tuned(folder):
    """Return the fine-tuned classifier that `save_pretrained` wrote to a folder."""
    settings = read_json(Path(folder) / MODEL_FILES[1])
    if L2M in settings:
        config = AutoConfig.for_model(**settings | {"model_type": settings["model_type"].removeprefix(OWN)})
        model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        model = with_adapter(model, settings[L2M] | {"kind": L2M})
        model.load_state_dict(load_file(Path(folder) / MODEL_FILES[0]))
        return model.eval()
    model = AutoModelForSequenceClassification.from_pretrained(folder, **SAFE)
    if ARCHITECTURES[model.config.model_type].kind == "encoder-decoder":
        classify_last_token(model)
    return model


def input_embeddings(folder, revision=None):
    """Return the token-embedding matrix of a pretrained model, float32 (vocabulary, width) on CPU."""
    return load_encoder(folder, revision).get_input_embeddings().weight.detach().contiguous()


def embedding_tables(model):
    """Return the weights of all embedding layers of `model` (tokens, positions, types), a list of tensors."""
    return [m.weight for m in model.modules() if isinstance(m, torch.nn.Embedding)]
