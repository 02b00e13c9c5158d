# Actions before the first job of a run and after its last job.

from pretrain_or_not.cluster.orphans import cancel_orphans, cancel_rest, forget, register
from pretrain_or_not.cluster.presence import check_slurm
from pretrain_or_not.plan.experiment import note_experiment
from pretrain_or_not.report.closing import closing_words, failure_words, plan_words


def at_once():
    """Return how many CPU cores this run of Snakemake uses or, on a cluster, how many jobs it sends."""
    limits = workflow.resource_settings
    return limits.nodes if on_cluster() else limits.cores


def gpus_at_once():
    """Return how many jobs of one GPU run at the same time, as `--resources gpu=` says; None for any number."""
    given = workflow.global_resources.get("gpu").value
    return None if on_cluster() else given


def slurm_run():
    """Return the name of all Slurm jobs of this run of Snakemake; None if jobs do not go to Slurm."""
    return getattr(workflow.scheduler._executor, "run_uuid", None)


def before_first_job():
    """Check that jobs can be sent, warn of a missing GPU, and cancel jobs of an earlier run that was killed.

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
    note_experiment(catalogue, at_once(), on_cluster(), gpus_at_once())
    if warning := resources_of.without_gpu(inputs_of.timings()):
        logger.warning(f"WARNING {warning}")
    for warning in catalogue.unused_seeds():
        logger.warning(f"WARNING {warning}")


def after_last_job():
    """Clean up, and print the answer, or the plan if that was asked for."""
    if slurm_run():
        forget(slurm_run())
    if "plan" in workflow.dag_settings.targets:
        print(plan_words(catalogue.results))
    else:
        asked = {Path(file) for job in workflow.dag.jobs for file in job.output}
        print(closing_words(catalogue.results, asked, catalogue.predictions))


def after_failure():
    """Cancel the jobs that are left, and print what failed and what is missing."""
    if slurm_run():
        cancel_rest(slurm_run())
    complete, missing = inputs_of.progress()
    repeated = short_errors.repeated() if short_errors else ""
    print(failure_words(repeated, complete, missing, EXPERIMENT["partial"]), end="", file=sys.stderr)
