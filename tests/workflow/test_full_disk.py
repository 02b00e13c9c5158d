"""A full disk stops the workflow, which goes on once there is space again."""

from pathlib import Path

import yaml

from helpers.project import CONFIG, Project


def test_the_workflow_goes_on_once_there_is_space(small_disk, tmp_path_factory, tiny_bert):
    folder, fill = small_disk
    project = Project(tmp_path_factory.mktemp("project"), tiny_bert)
    config = yaml.safe_load(yaml.safe_dump(CONFIG)) | {"pathvars": {"results": str(folder / "results")}}
    subset, target = (f"{folder}/results/toy/{part}/n40/seed0.parquet" for part in ("subsets", "predictions/lstm"))
    assert project.snakemake(subset, config=config).returncode == 0
    earlier = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    filler = fill()
    full = project.snakemake(target, config=config)
    assert full.returncode != 0
    file = f"{folder}/results/toy/tokens/tiny/tokenizer/about.json"
    message = f"ERROR in tokenize: {file}: No space left on device; free some space"
    assert message in full.stdout, full.stdout
    assert earlier == {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    filler.unlink()
    done = project.snakemake(target, config=config)
    assert done.returncode == 0, done.stdout
    assert "ingest" not in done.stdout and Path(target).is_file()
