"""What tests of pretraining share: texts with a tokenizer, and what they are computed on."""

import pytest
from accelerate import Accelerator

from helpers.pretraining import Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def accelerator():
    return Accelerator(mixed_precision="no")
