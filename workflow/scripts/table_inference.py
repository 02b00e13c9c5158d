"""Write the table of inference times."""

import json

from pretrain_or_not.job import job
from pretrain_or_not.report.tables.inference import table_inference

if __name__ == "__main__":
    with job(snakemake):
        table_inference(
            timings=snakemake.input,
            reference=snakemake.params.reference,
            titles=json.loads(snakemake.params.titles),
            study=snakemake.params.study,
            shown=snakemake.params.shown,
            outputs=list(snakemake.output),
        )
