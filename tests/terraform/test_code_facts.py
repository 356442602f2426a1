"""The analysis of the code, on small modules: what it finds, and what it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terraform.code_facts import Code, Reached

_MODULES = {
    "functions/pump/main.py": """
from __future__ import annotations
from shared import wiring
from shared.settings import DEFAULT
import os

def pump(request: Request) -> int:
    return wiring.store().size(DEFAULT)

def unused() -> None:
    os.environ["NEVER"]
""",
    "shared/wiring.py": """
from shared.types import Annotated
def store() -> Annotated:
    from shared.store import Store
    return Store()

def other():
    import os
    return os.environ["OTHER"]
""",
    "shared/types.py": """
import os
class Annotated:
    value = os.environ["ONLY_AN_ANNOTATION"]
""",
    "shared/store/__init__.py": "from shared.store.real import Store",
    "shared/store/real.py": """
import os
class Store:
    def size(self, x):
        return os.environ.get("STORE_SIZE", x) + os.getenv("STORE_UNIT") + self.site.api_key
""",
    "shared/settings.py": """
import os
if os.environ["AT_IMPORT"]:
    pass
DEFAULT = _UNIT = "mm"
""",
}


@pytest.fixture
def reached(tmp_path: Path) -> Reached:
    for name, text in _MODULES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Code(tmp_path).reached_by("pump")


def test_variables_of_what_is_called_are_found_wherever_the_import_stands(reached: Reached) -> None:
    assert reached.environment == {"STORE_SIZE", "STORE_UNIT", "AT_IMPORT"}


def test_definitions_are_found_through_modules_and_reexports(reached: Reached) -> None:
    assert ("shared.store.real", "Store") in reached.names
    assert ("functions.pump.main", ("shared.settings", "DEFAULT")) in reached.references


def test_attributes_that_are_read_are_found(reached: Reached) -> None:
    assert "api_key" in reached.attributes


def test_annotations_and_unused_functions_do_not_count(reached: Reached) -> None:
    assert not reached.environment & {"ONLY_AN_ANNOTATION", "OTHER", "NEVER"}
