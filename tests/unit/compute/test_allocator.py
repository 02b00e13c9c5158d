"""Freed memory stays with the process that asks for it."""

import platform
import resource

import pytest

from helpers.processes import run_python

# Page faults of allocating, filling and freeing 50 MB, some twenty times, once all is warm.
# Large pages, which some systems give unasked, would come in a hundredth of the faults.
PROBE = """
import ctypes, resource, sys
PR_SET_THP_DISABLE = 41
ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
import torch
from pretrain_or_not.compute.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
for _ in range(20):
    torch.ones(50 * 2**18), torch.ones(10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(50 * 2**18), torch.ones(10)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how):
    return int(run_python(PROBE, how).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is an option of glibc")
def test_freed_memory_is_used_again():
    pages = 50 * 2**20 // resource.getpagesize()
    assert faults("keep") < pages < faults("leave")
