"""What holds for all tests."""

from __future__ import annotations

import pytest
from _pytest.nodeid import NodeId


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep xdist's groups together: 3.8 writes them into a field (`_nodeid`) that pytest 9.2 does not read any more."""
    for item in items:
        grouped = getattr(item, "_nodeid", None)
        if grouped is not None:
            item._id = NodeId.parse(grouped)
