"""Snakemake's Slurm plugin uses `sacct` only where it works; here it is a fake."""

import shutil

import pytest
import snakemake_executor_plugin_slurm as plugin

from pretrain_or_not.cluster.accounting import avoid_useless_sacct


@pytest.mark.parametrize(
    ("sacct", "asked"),
    [
        ('test "${12}" = run-1 && echo "17|RUNNING"', True),
        ("true", True),  # accounting that knows no job yet
        ("echo Slurm accounting storage is disabled >&2; exit 1", False),
        (None, False),
    ],
)
def test_sacct_is_used_only_where_it_works(tmp_path, monkeypatch, sacct, asked):
    monkeypatch.setattr(plugin, "is_query_tool_available", plugin.is_query_tool_available)  # restored afterwards
    for name, line in {"sacct": sacct, "squeue": "true"}.items():
        if line:
            (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
            (tmp_path / name).chmod(0o755)
    (tmp_path / "which").symlink_to(shutil.which("which"))
    monkeypatch.setenv("PATH", str(tmp_path))
    avoid_useless_sacct("run-1")
    assert plugin.is_query_tool_available("sacct") is asked
    assert plugin.is_query_tool_available("squeue")
