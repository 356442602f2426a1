"""The pinned sets: one version of each package everywhere, each with its hashes, each named one where we chose it."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts.lock import with_each_form
from shared.version import VERSION

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[(?P<extras>[a-z0-9,-]+)\])?==(?P<version>\S+)")
Forms = dict[str, dict[str, set[str]]]
"""Extras ("" for none) -> version -> hashes."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(file: str) -> dict[str, Forms]:
    """Package -> its forms. Several versions only where the Python version decides."""
    found: dict[str, Forms] = {}
    versions, version = {"": set[str]()}, ""
    for line in (ROOT / file).read_text().splitlines():
        if match := PIN.match(line):
            forms, extras, version = (
                found.setdefault(canonical(match["name"]), {}),
                match["extras"] or "",
                match["version"],
            )
            versions = forms.setdefault(extras, {})
            assert version not in versions, f"{file}: {line} stands there twice"
            assert not versions or "python_full_version" in line, f"{file}: two versions of {line}"
            versions[version] = set()
        elif line.strip().startswith("--hash=sha256:"):
            versions[version].add(line.strip(" \\"))
        else:
            assert not line or line.lstrip().startswith("#"), f"{file}: {line!r}"
    return found


def wanted_with_extras(lock: dict[str, Forms]) -> set[tuple[str, str]]:
    """Package and extras, for each requirement with extras that an installed package of the lock has of another."""
    installed = {canonical(one.name): one for one in importlib.metadata.distributions()}
    wanted: set[tuple[str, str]] = set()
    for package, forms in lock.items():
        extras_of_package = {"", *",".join(forms).split(",")}
        for text in (installed[package].requires or []) if package in installed else []:
            requirement = Requirement(text)
            marker = requirement.marker
            if requirement.extras and (marker is None or any(marker.evaluate({"extra": x}) for x in extras_of_package)):
                wanted.add((canonical(requirement.name), ",".join(sorted(requirement.extras))))
    return wanted


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
    differing = {package for package, forms in DEPLOYED.items() if forms[""] != DEVELOPMENT.get(package, {}).get("")}
    assert differing == set()


@pytest.mark.parametrize("lock", [DEPLOYED, DEVELOPMENT], ids=["deployed", "development"])
def test_every_package_has_hashes(lock: dict[str, Forms]) -> None:
    assert [package for package, forms in lock.items() if not all(forms[""].values())] == []
    assert len(lock) > 20


@pytest.mark.parametrize("lock", [DEPLOYED, DEVELOPMENT], ids=["deployed", "development"])
def test_lock_has_each_form_in_which_a_package_is_wanted(lock: dict[str, Forms]) -> None:
    """Old pips resolve `google-auth[pyopenssl]` by itself, and take what the lock lacks from the index."""
    wanted = wanted_with_extras(lock)
    assert ("google-auth", "pyopenssl") in wanted  # it is what broke
    assert {(package, extras) for package, extras in wanted if extras not in lock[package]} == set()
    assert [package for package, forms in lock.items() for extras in forms if forms[extras] != forms[""]] == []


def test_locking_writes_each_form() -> None:
    plain, rest = (
        "a==1 \\\n    --hash=sha256:aa\n    # via b\n",
        "==2 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n",
    )
    forms = [f"b{extras}{rest}" for extras in ("", "[x]", "[y]", "[x,y]")]
    assert with_each_form(plain + f"b[y,x]{rest}") == "".join([plain, *forms])


@pytest.mark.parametrize(
    ("file", "lock"),
    [("requirements.in", DEPLOYED), ("requirements-dev.in", DEVELOPMENT)],
    ids=["deployed", "development"],
)
def test_every_package_that_we_name_is_pinned_and_locked_so(file: str, lock: dict[str, Forms]) -> None:
    for package, version in named(file).items():
        if len(lock[package][""]) == 1:
            assert [version] == list(lock[package][""]), f"{file}: {package}"
        else:
            assert not version, f"{file}: {package} has a version for each Python"


def test_nothing_for_tests_is_deployed() -> None:
    assert not {"pytest", "hypothesis", "mypy", "ruff", "bqemulator", "duckdb"} & set(DEPLOYED)


def test_lowest_python_is_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["mypy"]["python_version"] == "3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"


def test_version_is_stated_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "shared.version.VERSION"}
    newest = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION
