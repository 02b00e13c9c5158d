"""Snakemake as it is, but that it asks for the state of its remote jobs every second, where it would wait longer."""

import asyncio
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def one_second(self):
    await asyncio.sleep(1)


RemoteExecutor.sleep = one_second
sys.exit(main())
