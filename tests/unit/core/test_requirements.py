"""The pinned sets: one version of each package everywhere, each with its hashes, each named one where we chose it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?==(?P<version>\S+)")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> dict[str, dict[str, int]]:
    """Package -> its versions (several only where the Python version decides), each with its number of hashes."""
    found: dict[str, dict[str, int]] = {}
    versions, version = {"": 0}, ""
    for line in (ROOT / file).read_text().splitlines():
        if match := PIN.match(line):
            versions, version = found.setdefault(canonical(match["name"]), {}), match["version"]
            assert version not in versions, f"{file}: {line} stands there twice"
            assert not versions or "python_full_version" in line, f"{file}: two versions of {line}"
            versions[version] = 0
        elif line.strip().startswith("--hash=sha256:"):
            versions[version] += 1
        else:
            assert not line or line.lstrip().startswith("#"), f"{file}: {line!r}"
    return found


def named(file: str) -> dict[str, str]:
    """Package -> version ("" if none is given), as a person wrote it."""
    found: dict[str, str] = {}
    for line in (ROOT / file).read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text and not text.startswith("-r "):
            package, _, version = text.partition("==")
            assert re.fullmatch(r"[A-Za-z0-9._-]+", package), f"{file}: {line!r}: only exact pins"
            found[canonical(package)] = version
    return found


DEPLOYED, DEVELOPMENT = locked("requirements.txt"), locked("requirements-dev.txt")


def test_what_is_deployed_is_what_is_tested() -> None:
    differing = {
        package: (set(versions), set(DEVELOPMENT.get(package, ())))
        for package, versions in DEPLOYED.items()
        if set(versions) != set(DEVELOPMENT.get(package, ()))
    }
    assert differing == {}


@pytest.mark.parametrize("lock", [DEPLOYED, DEVELOPMENT], ids=["deployed", "development"])
def test_every_package_has_hashes(lock: dict[str, dict[str, int]]) -> None:
    assert [package for package, versions in lock.items() if 0 in versions.values()] == []
    assert len(lock) > 20


@pytest.mark.parametrize(
    ("file", "lock"),
    [("requirements.in", DEPLOYED), ("requirements-dev.in", DEVELOPMENT)],
    ids=["deployed", "development"],
)
def test_every_package_that_we_name_is_pinned_and_locked_so(file: str, lock: dict[str, dict[str, int]]) -> None:
    for package, version in named(file).items():
        if len(lock[package]) == 1:
            assert [version] == list(lock[package]), f"{file}: {package}"
        else:
            assert not version, f"{file}: {package} has a version for each Python"


def test_nothing_for_tests_is_deployed() -> None:
    assert not {"pytest", "hypothesis", "mypy", "ruff", "bqemulator", "duckdb"} & set(DEPLOYED)


def test_lowest_python_is_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["mypy"]["python_version"] == "3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"
