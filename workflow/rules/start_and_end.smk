# Actions before the first job of a run and after its last job.

from pretrain_or_not.cluster.orphans import cancel_orphans, cancel_rest, forget, register
from pretrain_or_not.cluster.presence import check_slurm
from pretrain_or_not.report.closing import closing_words, failure_words


def slurm_run():
    """Return the name of all Slurm jobs of this run of Snakemake; None if jobs do not go to Slurm."""
    return getattr(workflow.scheduler._executor, "run_uuid", None)


def before_first_job():
    """Check that jobs can be sent, and cancel jobs of an earlier run that was killed.

    Those must not write the same files as jobs of this run.
    """
    try:
        if slurm_run():
            check_slurm()
        cancel_orphans()
    except BadInput as error:
        raise WorkflowError(str(error)) from None
    if slurm_run():
        from pretrain_or_not.cluster.accounting import avoid_useless_sacct  # a local run need not have the plugin

        avoid_useless_sacct(slurm_run())
        register(slurm_run())


def after_last_job():
    """Clean up, and print the answer."""
    if slurm_run():
        forget(slurm_run())
    print(closing_words(catalogue.results, catalogue.predictions))


def after_failure():
    """Cancel the jobs that are left, and print what failed and what is missing."""
    if slurm_run():
        cancel_rest(slurm_run())
    complete, missing = inputs_of.progress()
    repeated = short_errors.repeated() if short_errors else ""
    print(failure_words(repeated, complete, missing), end="", file=sys.stderr)
