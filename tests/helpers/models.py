"""Tiny transformers."""

from helpers.texts import COMMON, WORDS


def make_tiny_bert(folder):
    """Write a randomly initialised 2-layer BERT and its tokenizer to `folder`."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *COMMON, *sorted(sum(WORDS.values(), []))]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


ROWS = 60  # token embeddings of the tiny models below
LIMIT = 40  # tokens that they can process

_WIDTH = {"vocab_size": ROWS, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
_ENCODER = _WIDTH | {"intermediate_size": 32, "max_position_embeddings": LIMIT, "pad_token_id": 0}
_NUMBERED = _ENCODER | {"pad_token_id": 1, "max_position_embeddings": LIMIT + 2}  # positions begin after the padding id
_RELATIVE = {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"]}
_DECODER = _ENCODER | {"num_key_value_heads": 1, "pad_token_id": None, "bos_token_id": 2, "eos_token_id": 3}

# Configs of tiny models, one per supported architecture.
TINY = {
    "bert": _ENCODER,
    "roberta": _NUMBERED,
    "distilbert": {"vocab_size": ROWS, "dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2, "pad_token_id": 0,
                   "max_position_embeddings": LIMIT},
    "electra": _ENCODER | {"embedding_size": 8},
    "deberta": _ENCODER | _RELATIVE,
    "deberta-v2": _ENCODER | _RELATIVE | {"position_buckets": 8, "norm_rel_ebd": "layer_norm", "share_att_key": True},
    "albert": _ENCODER | {"embedding_size": 8},
    "xlm-roberta": _NUMBERED,
    "camembert": _NUMBERED,
    "mpnet": _NUMBERED,
    "modernbert": _ENCODER | {"bos_token_id": 2, "cls_token_id": 2, "eos_token_id": 3, "sep_token_id": 3},
    "big_bird": _ENCODER | {"block_size": 4, "num_random_blocks": 1, "sep_token_id": 3},
    "gpt2": {"vocab_size": ROWS, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": LIMIT, "bos_token_id": 3,
             "eos_token_id": 3},
    "llama": _DECODER,
    "qwen2": _DECODER,
    "bart": {"vocab_size": ROWS, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
             "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "pad_token_id": 1,
             "max_position_embeddings": LIMIT, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2},
    "t5": {"vocab_size": ROWS, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "pad_token_id": 0,
           "eos_token_id": 1, "decoder_start_token_id": 0},
}  # fmt: skip


def make_tiny(kind, folder, auto_class="AutoModel", **settings):
    """Write a random tiny model of an architecture to `folder`, and return the folder.

    auto_class: the class of transformers that makes the model. settings: keys of its config that differ from `TINY`.
    """
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, **TINY[kind] | settings)
    getattr(transformers, auto_class).from_config(config).save_pretrained(folder)
    return folder


def make_tiny_language_model(folder, kind="llama"):
    """Write a random tiny language model, of an architecture in TINY, and its tokenizer of words to `folder`."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    marks = ["<s>", "</s>", "[UNK]", ":", ",", "(", ")", "/", "N", "A", "Text", "Category"]
    vocabulary = [*marks, *WORDS, *COMMON, *sorted(sum(WORDS.values(), []))]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="[UNK]"
    ).save_pretrained(folder)
    limit = {"n_positions": 200} if kind == "gpt2" else {"max_position_embeddings": 200}
    ids = {"vocab_size": len(vocabulary), "bos_token_id": 0, "eos_token_id": 1}
    return make_tiny(kind, folder, "AutoModelForCausalLM", initializer_range=0.5, **limit | ids)


def change_weights(folder, change):
    """Save the weights in `folder` as `change`, a function of the dict of tensors, returns them."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    save_file(change(weights), path, metadata={"format": "pt"})
