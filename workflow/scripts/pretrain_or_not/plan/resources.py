"""The resources of every job: threads, GPUs, memory, time."""

from __future__ import annotations

from pathlib import Path

from pretrain_or_not.config.families import FAMILIES
from pretrain_or_not.plan.catalogue import Catalogue
from pretrain_or_not.plan.per_job import PerJob, per_job

SHORT_RUN = 10_000  # training examples: up to this number, several runs are one Slurm job
PRETRAINING_MB = 16_000

SHORT_MINUTES, LONG_MINUTES, FIT_MINUTES = 20, 480, 10


class JobResources(PerJob):
    """Resource functions of the rules.

    on_cluster: function that returns whether jobs are sent to a cluster. has_gpu: whether this machine has a GPU.
    """

    def __init__(self, catalogue: Catalogue, on_cluster=lambda: False, has_gpu=False):
        super().__init__(catalogue)
        self.on_cluster, self.has_gpu = on_cluster, has_gpu

    @per_job
    def training_threads(self, wildcards):
        """Return the CPU threads of a training run, all its processes together; one if it is not a neural network."""
        if not self.catalogue.family(wildcards.arm).neural:
            return 1
        return self.catalogue.experiment["threads"] * self.processes(wildcards)

    def processes(self, wildcards):
        """Return the number of processes that share a training run."""
        return self.catalogue.arms[wildcards.arm].get("processes", 1)  # some families have no such key

    def gpus(self, processes=1) -> int:
        """Return how many GPUs to ask for: one per process if this machine has GPUs or jobs go to a cluster."""
        return processes * int(self.has_gpu or self.on_cluster())

    def without_gpu(self, timings: list[str]) -> str | None:
        """Return a sentence if times on a GPU are asked for where none is found; the jobs would say so late.

        timings: files of times, see `JobInputs.timings`.
        """
        missing = [path for path in timings if not self.catalogue.on_disk(path).exists()]
        on_gpu = sum(Path(path).stem == "cuda" for path in missing)
        if not on_gpu or self.gpus():
            return None
        which = "1 job is" if on_gpu == 1 else f"{on_gpu:,} jobs are"
        return (
            f"{which} to time models on a GPU (timing: devices: cuda), and this machine seems to have none (no "
            "nvidia-smi): such a job fails if torch finds none either. To time on the CPU only, set cuda: []"
        )

    @per_job
    def training_gpus(self, wildcards):
        """Return the number of GPUs of a training run."""
        return self.gpus(self.processes(wildcards)) if self.catalogue.family(wildcards.arm).neural else 0

    @per_job
    def pretraining_threads(self, wildcards):
        """Return the CPU threads of a pretraining run, all its processes together."""
        return self.catalogue.experiment["threads"] * self.catalogue.models[wildcards.made]["pretrain"]["processes"]

    @per_job
    def pretraining_gpus(self, wildcards):
        """Return the number of GPUs of a pretraining run."""
        return self.gpus(self.catalogue.models[wildcards.made]["pretrain"]["processes"])

    @per_job
    def pretraining_memory(self, wildcards, attempt):
        """Return the memory of a pretraining run on a cluster, in MB; more in each attempt."""
        return PRETRAINING_MB * attempt

    @per_job
    def pretraining_minutes(self, wildcards, attempt):
        """Return the time limit of a pretraining run on a cluster, in minutes; more in each attempt."""
        return LONG_MINUTES * attempt

    @per_job
    def test_gpus(self, wildcards):
        """Return the number of GPUs for testing a cell."""
        return self.gpus() if self.catalogue.family(wildcards.arm).neural else 0

    @per_job
    def shift_gpus(self, wildcards):
        """Return the number of GPUs for testing a cell from its texts: frozen encoders have one too."""
        family = self.catalogue.family(wildcards.arm)
        return self.gpus() if family.neural or family.reads == "features" else 0

    @per_job
    def training_memory(self, wildcards, attempt):
        """Return the memory of a training run on a cluster, in MB; more in each attempt."""
        return self.catalogue.family(wildcards.arm).memory_mb * attempt

    @per_job
    def writing_memory(self, wildcards, attempt):
        """Return the memory on a cluster, in MB, of a job in which a language model writes; more in each attempt."""
        return FAMILIES["prompt"].memory_mb * attempt

    @per_job
    def training_minutes(self, wildcards, attempt):
        """Return the time limit of a training run on a cluster, in minutes; more in each attempt.

        A run that takes longer continues from its checkpoint in the next attempt.
        """
        if not self.catalogue.family(wildcards.arm).neural:
            return FIT_MINUTES * attempt
        return (SHORT_MINUTES if self.is_short(wildcards) else LONG_MINUTES) * attempt

    @per_job
    def training_group(self, wildcards):
        """Return the group of a training run: a cluster gets several runs of a group as one job. None for long runs."""
        if not self.catalogue.family(wildcards.arm).neural:
            return "fits"
        return "short_runs" if self.is_short(wildcards) else None

    def is_short(self, wildcards):
        """Return whether a training run takes only minutes, judged by its size.

        A network that is fitted in one call has no checkpoint to continue from, so it gets a long time at once.
        """
        fitted = self.catalogue.family(wildcards.arm).fitted
        return not fitted and wildcards.size.isdigit() and int(wildcards.size) <= SHORT_RUN
