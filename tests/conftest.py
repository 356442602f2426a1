"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from tests.ending import pytest_sessionfinish, pytest_unconfigure
from tests.examples import register_profiles
from tests.shell import leave_shell

__all__ = ["pytest_sessionfinish", "pytest_unconfigure"]

leave_shell()
register_profiles()
TESTS = Path(__file__).parent
# These start processes and servers, and work with real time-outs. A machine that stands still for some seconds fails
# one of them without a fault in the code; up to two tries more tell that from a fault, and the summary says RERUN.
# `-n 0 --fail-on-flaky` makes such a run fail: for finding them (xdist's controller does not see the reruns).
_OF_MANY_PROCESSES = tuple(
    TESTS / name for name in ("integration", "e2e", "installation", "terraform", "unit/processes")
)
# What is wrong there may show only now and then: what hypothesis finds, and races.
_OF_CHANCE = tuple(TESTS / "integration" / name for name in ("gateway", "state", "sync"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests of many processes a second try, and keep xdist's groups together.

    xdist 3.8 writes groups into a field (`_nodeid`) that pytest 9.2 does not read any more.
    """
    for item in items:
        if _is_in(item, _OF_MANY_PROCESSES) and not _is_in(item, _OF_CHANCE):
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=3))
        grouped = getattr(item, "_nodeid", None)
        if grouped is not None:
            item._id = NodeId.parse(grouped)


def _is_in(item: pytest.Item, folders: tuple[Path, ...]) -> bool:
    return any(item.path.is_relative_to(folder) for folder in folders)
