"""How much memory a run says that it took."""

import subprocess
import sys

import numpy as np

from conftest import SCRIPTS

PROBE = f"""
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
import numpy as np
from run_files import process_peak_memory_mb
before = process_peak_memory_mb()
np.ones(200 * 2**17)  # 200 MiB, given back at once
print(before, process_peak_memory_mb())
"""


def test_the_peak_is_this_process_s_own_and_stays():
    held = np.ones(600 * 2**17)  # 600 MiB, of the process that starts the other
    done = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    before, after = map(int, done.stdout.split())
    assert before < 300 and 190 < after - before < 220 and len(held)
