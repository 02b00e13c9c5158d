"""The lists of pinned packages agree, and so do the places that name the version."""

import re
import tomllib

import pytest
import yaml

from helpers.paths import ROOT


def test_the_conda_environment_has_the_pins_of_the_lock():
    lock = [line for line in (ROOT / "envs/lock.txt").read_text().splitlines() if not line.startswith("#")]
    environment = yaml.safe_load((ROOT / "envs/environment.yaml").read_text())
    assert environment["dependencies"][-1]["pip"] == lock


def test_every_direct_dependency_is_pinned_and_has_a_reason():
    lock = (ROOT / "envs/lock.txt").read_text().lower().replace("_", "-")
    for line in (ROOT / "envs/requirements.txt").read_text().splitlines():
        if not line.startswith("#"):
            name = line.partition("#")[0].split("==")[0].strip()
            assert f"\n{name.lower().replace('_', '-')}==" in lock, name


@pytest.mark.parametrize("extra", ["onnx", "tensorboard", "llm"])
def test_optional_packages_are_pinned_and_not_in_the_lock(extra):
    lock = (ROOT / "envs/lock.txt").read_text().lower().replace("_", "-")
    lines = [line for line in (ROOT / f"envs/{extra}.txt").read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[\w-]+==[\d.]+( +# .*)?", line), line
        assert f"\n{line.partition('==')[0].lower().replace('_', '-')}==" not in lock


def test_package_citation_and_changelog_name_the_same_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    headings = re.findall(r"^## \[([\d.]+)\] - ([\d-]+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == (version, str(citation["date-released"])) and citation["version"] == version
