"""Everything in the warehouse is kept by site, so each test takes a site of its own."""

from __future__ import annotations

import itertools

import pytest

_numbers = itertools.count(1)


@pytest.fixture
def site() -> str:
    """A site that no other test uses."""
    return f"plant-{next(_numbers)}"
