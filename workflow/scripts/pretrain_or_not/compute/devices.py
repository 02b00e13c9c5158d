"""The device that neural arms run on, with its precision."""

from __future__ import annotations

import torch
from accelerate import Accelerator, PartialState

from pretrain_or_not.compute.allocator import keep_freed_memory


def computes_in_bf16():
    """Return whether this machine's device multiplies bf16 matrices in hardware, so that bf16 is faster than fp32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def resolved(precision: str) -> str:
    """Return the config's `precision`, fp32 or bf16; auto is bf16 if the hardware supports it."""
    return ("bf16" if computes_in_bf16() else "fp32") if precision == "auto" else precision


def build_accelerator(precision: str) -> Accelerator:
    """Return an Accelerator for the config's `precision`, see `resolved`. A process can have those of one precision."""
    keep_freed_memory()
    return Accelerator(mixed_precision={"fp32": "no", "bf16": "bf16"}[resolved(precision)])


class InferenceDevice:
    """What inference needs of an `Accelerator`; unlike these, several in one process can have different precisions."""

    num_processes = 1

    def __init__(self, precision: str):
        """precision: see `resolved`."""
        keep_freed_memory()
        self.device, self.mixed_precision = PartialState().device, resolved(precision)

    def autocast(self):
        """Return a context in which networks compute in this precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed_precision == "bf16")


def device_facts(accelerator: Accelerator | InferenceDevice) -> dict:
    """Return the device and precision of a run, its CPU threads per process, and its number of processes."""
    return {
        "device": torch.cuda.get_device_name() if accelerator.device.type == "cuda" else accelerator.device.type,
        "precision": {"no": "fp32"}.get(accelerator.mixed_precision, accelerator.mixed_precision),
        "threads": torch.get_num_threads(),
        "processes": accelerator.num_processes,
    }
