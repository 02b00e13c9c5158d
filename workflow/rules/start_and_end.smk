# What happens before the first job of a run and after its last.

from markup import terminal
from orphans import cancel_orphans, cancel_rest, forget, register


def slurm_run():
    """What Slurm calls all jobs of this run of Snakemake; None where they do not go to Slurm."""
    return getattr(workflow.scheduler._executor, "run_uuid", None)


def before_first_job():
    """No job of an earlier run that was killed may write what a job of this one writes, and none of this be lost."""
    try:
        cancel_orphans()
    except BadInput as error:
        raise WorkflowError(str(error)) from None
    if slurm_run():
        from accounting import avoid_useless_sacct  # here, because a local run need not have the plugin

        avoid_useless_sacct(slurm_run())
        register(slurm_run())


def after_last_job():
    """Clean up, and tell where to look."""
    if slurm_run():
        forget(slurm_run())
    print(closing_words())


def after_failure():
    """Leave no job behind."""
    if slurm_run():
        cancel_rest(slurm_run())


def closing_words():
    """The answer in plain words, and where to look, when all is done."""
    if not (RESULTS / "answer.md").is_file():
        return ""
    said = terminal((RESULTS / "answer.md").read_text(encoding="utf-8")).partition("\n")[2].rpartition("\n\n")[0]
    places = {"Figures": "figures/", "Tables": "tables/, scores.parquet, gaps.parquet, answer.parquet"}
    return f"{said}\n" + "".join(f"\n{name}: {RESULTS}/{files}" for name, files in places.items()) + "\n"
