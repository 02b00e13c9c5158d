"""Measure the memory that a run uses."""

import resource
import sys
from contextlib import suppress

KIB_PER_MIB = 2**10


def process_peak_memory_mb():
    """Return the largest memory that this process has used so far, in MiB."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        # Linux also has ru_maxrss, but that includes the memory of the parent when it started this process.
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / KIB_PER_MIB)
    unit = 2**20 if sys.platform == "darwin" else KIB_PER_MIB  # macOS counts bytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


def peak_memory_mb(device):
    """Return the largest memory used so far, in MiB: of the GPU's allocator, or of this process on CPU."""
    if device.type == "cuda":
        import torch

        return round(torch.cuda.max_memory_allocated() / 2**20)
    return process_peak_memory_mb()
