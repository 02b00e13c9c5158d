"""The forms in which arms read examples, by what their family says that it reads."""

from pretrain_or_not.data.examples import examples_from_table
from pretrain_or_not.data.features import Features
from pretrain_or_not.data.texts import Texts

# What builds the examples from an Arrow table and the metadata of its file; see `data.examples.read_examples`.
FORMS = {"tokens": examples_from_table, "features": Features.from_table, "texts": Texts.from_table}
