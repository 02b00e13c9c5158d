"""Save a tokenizer as it was loaded, so that new texts get the ids that it gave to the texts of a data set."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path

from tokenizers import Tokenizer

from pretrain_or_not.data.tokenizer import LoadedTokenizer
from pretrain_or_not.errors import BadInput
from pretrain_or_not.files.atomic import atomic_write, temporary_folder
from pretrain_or_not.files.json_files import read_json, write_json
from pretrain_or_not.files.paths import PathLike
from pretrain_or_not.files.pretrained import locate
from pretrain_or_not.files.provenance import sha256_of

IDS = "tokenizer.json"  # all that the library tokenizers needs

SETTINGS = "tokenizer_config.json"  # what transformers needs as well

NO_LIMIT = int(1e30)  # as transformers writes it

FACTS = tuple(field.name for field in fields(LoadedTokenizer) if field.name not in ("fast", "slow"))


def save_tokenizer(tokenizer: LoadedTokenizer, path: str, about: PathLike) -> None:
    """Write the files of a tokenizer, and `about`, the path of a JSON file next to them that lists them.

    tokenizer: it must not have encoded texts yet, which sets its limits. path: of the model that it is of. Where
    transformers knows the tokenizer, its `AutoTokenizer` loads the files too.
    """
    folder = Path(about).parent
    with temporary_folder(about) as scratch:
        if tokenizer.slow is not None:
            if tokenizer.slow.pad_token is None:
                tokenizer.slow.pad_token = tokenizer.slow.convert_ids_to_tokens(tokenizer.padding_id)
            tokenizer.slow.save_pretrained(scratch)
        elif tokenizer.fast is not None:
            for name in (SETTINGS, "special_tokens_map.json"):
                if (source := Path(locate(path)) / name).is_file():
                    shutil.copyfile(source, scratch / name)
            assert tokenizer.fast is not None
            tokenizer.fast.save(str(scratch / IDS))
        files = {file.name: sha256_of(file) for file in sorted(scratch.iterdir()) if file.is_file()}
        for name in files:
            with atomic_write(folder / name) as partial:
                (scratch / name).rename(partial)
    facts = {name: getattr(tokenizer, name) for name in FACTS}
    write_json(about, facts | {"fast": tokenizer.fast is not None, "files": files})


def saved_files(about: PathLike) -> dict:
    """Return what `save_tokenizer` wrote to `about`; raise BadInput if one of the files is missing."""
    facts = read_json(about)
    missing = [name for name in facts["files"] if not (Path(about).parent / name).is_file()]
    if missing:
        raise BadInput(f"{about}: {missing[0]} next to it is missing; delete {about} and run again")
    return facts


def with_limit(settings: str, max_length: int | None) -> str:
    """Return the content of a tokenizer_config.json with another limit of tokens, None for no limit."""
    limit = NO_LIMIT if max_length is None else max_length
    return json.dumps(json.loads(settings) | {"model_max_length": limit}, indent=2, ensure_ascii=False) + "\n"


def read_tokenizer(folder: PathLike, facts: dict) -> LoadedTokenizer:
    """Return the tokenizer whose files are in a folder. facts: see `saved_files`."""
    known = {name: facts[name] for name in FACTS}
    if facts["fast"]:
        return LoadedTokenizer(Tokenizer.from_file(str(Path(folder) / IDS)), None, **known)
    from transformers import AutoTokenizer

    return LoadedTokenizer(None, AutoTokenizer.from_pretrained(folder, trust_remote_code=False), **known)
