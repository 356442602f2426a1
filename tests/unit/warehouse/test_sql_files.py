"""Rules for the SQL files that no database would tell us of."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from shared.warehouse.tables import KPIS, TABLES, VIEWS, text, view_sql

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "shared" / "warehouse"
SQL_FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.sql"))
DEFINITION = re.compile(r"'((?:smrp|bridge)[^']*)'")
# Each means something else on BigQuery and on its stand-in, or exists on one of them only.
UNSAFE = {
    "durations in units that count boundaries": r"TIMESTAMP_DIFF\([^()]*,\s*(HOUR|MINUTE|SECOND|DAY)\s*\)",
    "integer division": r"\bDIV\(",
    "weeks": r"\bWEEK\b|ISOWEEK",
    "COUNTIF as a window": r"COUNTIF\([^()]*\)\s*OVER",
    "rounding casts": r"CAST\([^()]*\.\d+ AS INT64\)",
    "INSERT ROW": r"INSERT ROW",
}


def test_comments_have_neither_apostrophe_nor_at_sign(subtests: pytest.Subtests) -> None:
    """The stand-in replaces parameters in comments too, and takes an apostrophe for the start of a text."""
    for file in SQL_FILES:
        with subtests.test(file=file):
            comments = [line for line in text(file).splitlines() if line.lstrip().startswith("--")]
            assert not [line for line in comments if "'" in line or "@" in line]


def test_only_sql_that_means_the_same_everywhere_is_used(subtests: pytest.Subtests) -> None:
    for file in SQL_FILES:
        with subtests.test(file=file):
            assert [rule for rule, pattern in UNSAFE.items() if re.search(pattern, text(file))] == []


def test_a_kpi_says_what_it_is_where_it_comes_from_and_in_which_version(subtests: pytest.Subtests) -> None:
    for kpi in KPIS:
        with subtests.test(kpi=kpi):
            content = text(f"kpis/{kpi}.sql")
            assert content.startswith("--")
            assert f"'{kpi}' AS kpi" in content
            assert "Version 1." in content
            assert re.search(r"--.*(Standard: .*SMRP \d|No standard)", content)
            assert re.search(r"v1'", content)


def test_a_kpi_is_documented_under_its_definition(subtests: pytest.Subtests) -> None:
    for kpi in KPIS:
        with subtests.test(kpi=kpi):
            documentation = (ROOT / "docs" / "kpis.md").read_text()
            assert f"### {kpi}\n" in documentation
            section = documentation.split(f"### {kpi}\n")[1].split("\n### ")[0]
            for definition in DEFINITION.findall(text(f"kpis/{kpi}.sql")):
                assert definition in section


def test_kpi_values_joins_every_kpi() -> None:
    assert sorted(set(re.findall(r"FROM `\$\{dataset\}\.kpi_(\w+)`", text("views/kpi_values.sql")))) == list(KPIS)


def test_a_view_comes_after_those_it_reads() -> None:
    known = {spec.name for spec in TABLES}
    for name, file in VIEWS:
        assert set(re.findall(r"`p\.d\.(\w+)`", view_sql(file, "p.d"))) <= known, name
        known.add(name)


def test_every_schema_and_view_file_is_used() -> None:
    folder = files("shared.warehouse")
    assert {file.name for file in (folder / "schemas").iterdir()} == {f"{spec.name}.json" for spec in TABLES}
    views = {f"views/{file.name}" for file in (folder / "views").iterdir()}
    assert views | {f"kpis/{kpi}.sql" for kpi in KPIS} == {file for _, file in VIEWS}
