"""Which part may import which: shared/ and functions/ are deployed, and know nothing of what surrounds them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DEPLOYED = sorted(path for folder in ("shared", "functions") for path in (ROOT / folder).rglob("*.py"))
NEVER_DEPLOYED = {"local", "ops", "tests", "bench"}
SPECIAL_CASES = re.compile(
    r"(?i:simulat|localhost|127\.0\.0\.1|\b(is|if|not|run|env)_local)"
    r"|\blocal\.\w|[\"'/]local[\"'/]|\bif local\b|\bLOCAL\b"
)
# The rule that http is for the loopback alone has to name it.
NAMES_THE_LOOPBACK = "shared/config/addresses.py"


def imports(path: Path) -> Iterator[str]:
    """Names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports by full names only"
            yield node.module or ""


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_deployed_code_imports_nothing_that_stays_behind() -> None:
    tops = {name(path): {module.partition(".")[0] for module in imports(path)} for path in DEPLOYED}
    forbidden = NEVER_DEPLOYED | {"functions"}
    assert {path: found & forbidden for path, found in tops.items() if found & forbidden} == {}
    assert len(tops) > 100


def test_deployed_code_has_no_special_case_for_one_machine() -> None:
    found = []
    for path in DEPLOYED:
        text = path.read_text(encoding="utf-8")
        if name(path) == NAMES_THE_LOOPBACK:
            text = text.replace('"localhost"', "").replace("(127.0.0.1)", "")
        found += [f"{name(path)}:{text.count(chr(10), 0, m.start()) + 1}: {m[0]}" for m in SPECIAL_CASES.finditer(text)]
    assert found == []


def test_the_check_for_special_cases_can_fail() -> None:
    for text in (
        "import local.stack",
        "if is_local:",
        'mode == "local"',
        "/local/",
        "the Simulator",
        "if local and x",
        "LOCAL",
    ):
        assert SPECIAL_CASES.search(text), text
    for text in ("locale", "Imports are local because", "threading.local()", "locally unique", "local midnight"):
        assert not SPECIAL_CASES.search(text), text


def test_function_has_its_folders_name_and_configures_logging() -> None:
    for path in (ROOT / "functions").glob("*/main.py"):
        function, text = path.parent.name, path.read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {function}\(", text, re.M), path
        assert f'pubsub_function("{function}"' in text or f'configure_logging("{function}")' in text, path


def test_pure_parts_do_no_io() -> None:
    pure = {
        "shared/canonical.py": {"hashlib", "json"},
        "shared/errors.py": set(),
        "shared/outcomes.py": set(),
        "shared/notify/messages.py": {"shared"},
    }
    for path, allowed in pure.items():
        found = {module.partition(".")[0] for module in imports(ROOT / path)}
        assert found - {"__future__", "typing", "dataclasses", "collections"} <= allowed, path
