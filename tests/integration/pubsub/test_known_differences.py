"""The table of known differences itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.pubsub.known_differences import KNOWN_DIFFERENCES

NAMES = [(implementation, name) for implementation, tests in KNOWN_DIFFERENCES.items() for name in tests]


@pytest.mark.parametrize(("implementation", "name"), NAMES)
def test_every_difference_names_a_test_of_the_suite(implementation: str, name: str) -> None:
    suite = "".join(path.read_text() for path in Path(__file__).parent.glob("test_contract_*.py"))
    assert f"def {name}(bench: Bench" in suite
