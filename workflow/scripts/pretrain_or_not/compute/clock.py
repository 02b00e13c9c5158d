"""Read the time that has passed with that of the processor."""

import time

import numpy as np

BUSY = 0.9  # share of the time that the thread had a processor, below which the machine did other work, too


def clock() -> np.ndarray:
    """Return two readings in seconds, float64 (2,): of time as it passes, and of processor time of this thread.

    The processor time of other threads is left out, so that on an idle machine both go on alike while the thread
    computes on a CPU. Where the second one lags behind, other programs had the processor.
    """
    return np.array([time.perf_counter(), time.thread_time()])
