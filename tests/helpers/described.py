"""Whether the columns and keys of files are those of the dictionary, workflow/schemas/tables.yaml."""

import pyarrow.parquet as pq

from helpers.tools import tool
from pretrain_or_not.files.json_files import read_json

OF_TRANSFORMERS = {"config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json"}


def undescribed(results):
    """Return what is wrong between the dictionary and the files below a folder of results, as sentences.

    Files that transformers defines, checkpoints, logs and short runs for `plan` are left out.
    """
    page = tool("files_page")
    tables = page.read_dictionary()
    columns = {path: pq.read_schema(path).names for path in results.rglob("*.parquet")}
    keys = {path: list(read_json(path)) for path in results.rglob("*.json") if path.name not in OF_TRANSFORMERS}
    return [
        sentence
        for path, names in sorted((columns | keys).items())
        if not {"checkpoint", "logs", "speed"} & set(path.relative_to(results).parts)
        for sentence in page.differences(path.relative_to(results).as_posix(), names, tables)
    ]
