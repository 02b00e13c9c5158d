"""The peak memory that a run reports."""

import numpy as np

from helpers.processes import run_python

PROBE = """
import numpy as np
from pretrain_or_not.compute.memory import process_peak_memory_mb
before = process_peak_memory_mb()
np.ones(200 * 2**17)  # 200 MiB, given back at once
print(before, process_peak_memory_mb())
"""


def test_the_peak_is_that_of_this_process_and_does_not_fall():
    held = np.ones(600 * 2**17)  # 600 MiB, of the process that starts the other
    before, after = map(int, run_python(PROBE).stdout.split())
    assert before < 300 and 190 < after - before < 220 and len(held)
