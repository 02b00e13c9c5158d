"""The times of a training run."""

import time

import pytest
import torch

from pretrain_or_not.compute.clock import clock
from pretrain_or_not.training.progress import Progress


def compute(seconds):
    """Keep this thread on a processor for some seconds of processor time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_time_without_a_processor_is_seen():
    before = clock()
    compute(0.1)
    time.sleep(0.2)
    passed, computed = clock() - before
    assert computed == pytest.approx(0.1, abs=0.05) and passed >= computed + 0.2


def test_times_leave_out_what_is_set_aside_and_go_on_after_an_interruption():
    first = Progress(10, processes=1)
    compute(0.1)
    with first.aside(), first.aside():
        compute(0.1)
        time.sleep(0.1)
    state = first.state(None)
    assert state["cpu_seconds"] == pytest.approx(0.1, abs=0.05)
    again = Progress(10, processes=1)
    compute(0.1)  # reading the checkpoint
    again.restore(state, torch.device("cpu"))
    time.sleep(0.2)
    times = again.times()
    assert times["cpu_seconds"] == pytest.approx(state["cpu_seconds"], abs=0.05)
    assert times["seconds"] >= state["seconds"] + 0.2


def test_several_processes_wait_for_each_other_so_that_their_processor_time_is_not_told():
    alone, shared = (Progress(10, processes).cost() for processes in (1, 2))
    assert 0 <= alone["cpu_seconds"] <= alone["seconds"] + 0.01 and shared["cpu_seconds"] is None


class TwoProcesses:
    """The other process has three times the loss of this one."""

    @staticmethod
    def reduce(loss, how):
        assert how == "mean"
        return 2 * loss


def test_a_loss_that_processes_share_is_the_same_after_an_interruption():
    whole, first = Progress(4, processes=2), Progress(4, processes=2)
    for loss in (1.0, 2.0):
        whole.step(8, 10, torch.tensor(loss), 0.1)
        first.step(8, 10, torch.tensor(loss), 0.1)
    again = Progress(4, processes=2)
    again.restore(first.state(first.mean_loss_sum(TwoProcesses)), torch.device("cpu"))
    assert float(again.loss_sum) == 6.0  # what both processes go on from
    assert again.mean_loss_sum(TwoProcesses) != whole.mean_loss_sum(TwoProcesses)  # equal in all processes now
    assert whole.mean_loss_sum(TwoProcesses) == 6.0 and Progress(4, 2).mean_loss_sum(TwoProcesses) is None
