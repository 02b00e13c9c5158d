"""Before jobs are sent, Slurm is there, or the user is told in one line."""

import pytest

from pretrain_or_not.cluster.presence import check_slurm
from pretrain_or_not.errors import BadInput

FAILS = "echo 'squeue: error: first' >&2; echo 'squeue: fatal: no controller' >&2; exit 1"


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({}, "this machine has no program `sbatch`"),
        ({"squeue": "exit 0"}, "this machine has no program `sbatch`"),
        ({"sbatch": "exit 0", "squeue": FAILS}, r"it does not answer \(squeue: fatal: no controller\)"),
        ({"sbatch": "exit 0", "squeue": "exit 1"}, r"it does not answer \(squeue fails\)"),
        ({"sbatch": "exit 0"}, "it does not answer"),
        ({"sbatch": "exit 0", "squeue": "exit 0"}, None),
    ],
)
def test_slurm_is_looked_for(tmp_path, monkeypatch, programs, message):
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if message is None:
        return check_slurm()
    with pytest.raises(BadInput, match=message) as raised:
        check_slurm()
    assert "\n" not in str(raised.value) and "leave out `--profile slurm`" in str(raised.value)
