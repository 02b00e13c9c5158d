"""Measure the memory that a run uses."""

import resource
import sys
from contextlib import suppress

MB, KIB = 10**6, 2**10  # bytes


def process_peak_memory_mb():
    """Return the largest memory that this process has used so far, in MB."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        # Linux also has ru_maxrss, but that includes the memory of the parent when it started this process.
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * KIB / MB)
    unit = 1 if sys.platform == "darwin" else KIB  # macOS counts bytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MB)


def peak_memory_mb(device):
    """Return the largest memory used so far, in MB: of the GPU's allocator, or of this process on CPU."""
    if device.type == "cuda":
        import torch

        return round(torch.cuda.max_memory_allocated() / MB)
    return process_peak_memory_mb()
