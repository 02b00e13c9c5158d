"""The device that neural arms run on, with its precision."""

from __future__ import annotations

import torch
from accelerate import Accelerator

from pretrain_or_not.compute.allocator import keep_freed_memory


def computes_in_bf16():
    """Return whether this machine's device multiplies bf16 matrices in hardware, so that bf16 is faster than fp32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def build_accelerator(precision: str) -> Accelerator:
    """Return an Accelerator for the config's `precision`: fp32, bf16, or auto (bf16 if the hardware supports it)."""
    keep_freed_memory()
    if precision == "auto":
        precision = "bf16" if computes_in_bf16() else "fp32"
    return Accelerator(mixed_precision={"fp32": "no", "bf16": "bf16"}[precision])


def device_facts(accelerator: Accelerator) -> dict:
    """Return the device and precision of a run, its CPU threads per process, and its number of processes."""
    return {
        "device": torch.cuda.get_device_name() if accelerator.device.type == "cuda" else accelerator.device.type,
        "precision": {"no": "fp32"}.get(accelerator.mixed_precision, accelerator.mixed_precision),
        "threads": torch.get_num_threads(),
        "processes": accelerator.num_processes,
    }
