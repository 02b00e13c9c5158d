"""GPUs are leased to one run at a time."""

import os
import time

import pytest

from helpers import fork
from pretrain_or_not.compute.gpus import lease_gpus, visible_gpus
from pretrain_or_not.errors import BadInput


@pytest.fixture(autouse=True)
def four_gpus(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")


def hold(count, folder, seconds, leases):
    with lease_gpus(count, folder):
        start = time.monotonic()
        time.sleep(seconds)
        leases.append((os.environ["CUDA_VISIBLE_DEVICES"].split(","), start, time.monotonic()))


def test_runs_never_share_a_gpu(tmp_path):
    with fork.FORKS.Manager() as manager:
        leases = manager.list()
        runs = [fork.process(hold, count, tmp_path, 0.2, leases) for count in (1, 2, 1, 3, 2, 1)]
        for run in runs:
            run.start()
        for run in runs:
            run.join(60)
        leases = list(leases)
    assert sorted(len(gpus) for gpus, _, _ in leases) == [1, 1, 1, 2, 2, 3]
    for i, (gpus, start, end) in enumerate(leases):
        for others, other_start, other_end in leases[:i]:
            if set(gpus) & set(others):
                assert end <= other_start or other_end <= start


def test_the_lease_of_a_killed_run_ends_with_it(tmp_path):
    with fork.FORKS.Manager() as manager:
        run = fork.process(hold, 3, tmp_path, 60, manager.list())
        run.start()
        while len(list(tmp_path.iterdir())) < 3:
            assert run.is_alive()
            time.sleep(0.01)
        run.kill()
        run.join()
        leases = manager.list()
        after = fork.process(hold, 3, tmp_path, 0, leases)
        after.start()
        after.join(60)
        assert [len(gpus) for gpus, _, _ in leases] == [3]


@pytest.mark.parametrize("count", [0, 4])
def test_no_gpu_or_all_that_there_are_means_no_lease(tmp_path, count):
    with lease_gpus(count, tmp_path):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1,2,3"
    assert not list(tmp_path.iterdir())


def test_too_few_gpus_are_an_error(tmp_path):
    with pytest.raises(BadInput, match="8 processes need a GPU each, and there are 4"):
        with lease_gpus(8, tmp_path):
            pass


@pytest.mark.parametrize(("value", "names"), [("", []), ("-1", []), ("0,1", ["0", "1"]), ("1,-1,2", ["1"])])
def test_gpus_are_read_as_cuda_reads_them(monkeypatch, value, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_gpus() == names
