"""Reading a configuration file: what is wrong is said with file, line, path and reason, and never as a traceback."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.config.loading import Model, config_folder, load_model
from shared.config.routes import RoutesFile
from shared.config.sites import SitesFile
from shared.errors import ConfigError


class Inner(Model):
    count: int
    names: tuple[str, ...] = ()


class Outer(Model):
    title: str
    inner: list[Inner]


GOOD = """\
title: something
inner:
  - count: 1
  - names: [a, b]
    count: 2
"""


def load(folder: Path, text: str | bytes) -> Outer:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_model(path, Outer)


def faults(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [line.removeprefix(f"{folder}/") for line in str(caught.value).splitlines()]


def test_good_file_loads(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD).inner[1].names == ("a", "b")


def test_fault_has_file_line_and_path(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, str, str]] = [
        ("count: 1", "count: one", "file.yaml:3: inner.0.count: "),
        ("count: 2", "count: two", "file.yaml:5: inner.1.count: "),
        ("[a, b]", "[a, 7]", "file.yaml:4: inner.1.names.1: "),
        ("[a, b]", "7", "file.yaml:4: inner.1.names: "),
        ("  - count: 1", "  - coutn: 1", "file.yaml:3: inner.0.count: is missing"),
        ("title: something", "titel: something", "file.yaml:1: title: is missing"),
        ("    count: 2", "    count: 2\n    depth: 3", "file.yaml:6: inner.1.depth: is not a known key"),
    ]
    for old, new, start in cases:
        with subtests.test(old=old, new=new, start=start):
            assert old in GOOD
            assert any(fault.startswith(start) for fault in faults(tmp_path, GOOD.replace(old, new)))


def test_line_is_right_below_quoted_text_of_several_lines(tmp_path: Path) -> None:
    text = "title: >\n  one\n  two\n\n# a remark\ninner:\n  - count: [1]\n"
    assert faults(tmp_path, text)[0].startswith("file.yaml:7: inner.0.count: ")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, "inner:\n  - count: one\n  - count: two\nextra: 1\n")
    assert [fault.split(": ")[0] for fault in found] == ["file.yaml:1", "file.yaml:2", "file.yaml:3", "file.yaml:4"]


def test_file_that_is_no_mapping_is_refused_as_a_whole(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for content in ["", "# nothing\n", "7", "- a list"]:
        with subtests.test(content=content):
            assert faults(tmp_path, content)[0].startswith("file.yaml:1: (whole file): ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("title: a\ntitle: b\ninner: []\n", "file.yaml:2: key 'title' is given twice"),
        ("title: a\ninner:\n  - {count: 1, count: 2}\n", "file.yaml:3: key 'count' is given twice"),
    ],
)
def test_key_given_twice_is_refused_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(tmp_path, text) == [fault]


def test_broken_file_is_one_fault_with_its_line(tmp_path: Path, subtests: pytest.Subtests) -> None:
    cases: list[tuple[str | bytes, str]] = [
        (
            "title: a\ninner: [1,\n\nb: 2\n",
            "file.yaml:5: is not YAML: while parsing a flow sequence that begins in line 2",
        ),
        ("title: a\n\tinner: 1\n", "file.yaml:2: is not YAML: while scanning a plain scalar that begins in line 1"),
        ("a: 1\n---\nb: 2\n", "file.yaml:2: is not YAML"),
        ("title: a\nb: a\x00b\n", "file.yaml:2: is not YAML: control characters"),
        ("a: b\ntitle: !!python/object/apply:os.system [exit]\n", "file.yaml:2: could not determine a constructor"),
        ("a: b\ntitle: 2026-02-30\n", "file.yaml:2: '2026-02-30' is no timestamp"),
        ("a: b\n[a]: b\n", "file.yaml:2: a key must be a single value"),
        ("? {a: b}\n: c\n", "file.yaml:1: a key must be a single value"),
        ('title: !!int ""\n', "file.yaml:1: '' is no int"),
        ('title: !!bool "maybe"\n', "file.yaml:1: 'maybe' is no bool"),
        ('title: !!timestamp "soon"\n', "file.yaml:1: 'soon' is no timestamp"),
        ("a: b\ntitle: 0010\n", "file.yaml:2: 0010 would be read as 8: put it in quotes"),
        ("a: b\ntitle: 12:30\n", "file.yaml:2: 12:30 would be read as 750: put it in quotes"),
        ("a: b\n1_000: c\n", "file.yaml:2: 1_000 would be read as 1000: put it in quotes"),
        ("title: *a\n", "file.yaml:1: is not YAML: found undefined alias"),
        (b"title: \xff\xfe\n", "file.yaml: is not UTF-8"),
        ("[" * 3000, "file.yaml:"),
    ]
    for content, start in cases:
        with subtests.test(content=content):
            (fault,) = faults(tmp_path, content)
            assert fault.startswith(start)
            assert "unicode string" not in fault


def test_a_code_that_old_yaml_takes_for_a_truth_value_stays_text(tmp_path: Path, subtests: pytest.Subtests) -> None:
    for code in ["NO", "no", "ON", "off", "Y", "yes"]:
        with subtests.test(code=code):
            assert load(tmp_path, f"title: {code}\ninner: []\n").title == code


def test_a_truth_value_is_true_or_false(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("names: [true, False, TRUE]\n")

    class Flags(Model):
        names: tuple[bool, ...]

    assert load_model(path, Flags).names == (True, False, True)


def test_missing_file_and_folder_in_its_place(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_model(path, Outer)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.text("abc:- {}[]&*!?|>'\"#%@\n\t<=.0129", max_size=40))
@example(text="sites: &a [*a]")
@example(text="sites: [{id: &a [*a]}]")
@example(text="<<: {a: b}")
@example(text="=: 1")
@example(text="1e999: .nan")
@example(text="sites: [{filters: &f {a: *f}}]")
def test_junk_is_a_configuration_or_a_config_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "junk.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    for model in (SitesFile, RoutesFile, Outer):
        with suppress(ConfigError):
            load_model(path, model)


def test_loaded_values_do_not_change(tmp_path: Path) -> None:
    loaded = load(tmp_path, GOOD)
    with pytest.raises(ValueError, match="frozen"):
        loaded.title = "other"


def test_folder_is_named_by_the_environment_or_stands_beside_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    assert config_folder() == tmp_path
    monkeypatch.delenv("CONFIG_DIR")
    assert config_folder() == Path(__file__).resolve().parents[3] / "config"
