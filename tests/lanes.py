"""What some tests need and not every machine has: without it they are skipped by name and counted.

Whoever provides such a thing says so with REQUIRE_<LANE>=1; then a test that would be skipped for want of it fails, so
that a build machine cannot lose a lane silently:

REQUIRE_EMULATORS   Google's emulators of the Cloud SDK
REQUIRE_STANDIN     Terraform and the stand-in for Google's provider
REQUIRE_INDEX       a package index, for installing into empty environments
REQUIRE_CLOCK       libfaketime, for the same tests on another day
"""

from __future__ import annotations

import os
from typing import Literal, NoReturn

import pytest

Lane = Literal["EMULATORS", "STANDIN", "INDEX", "CLOCK"]


def missing(lane: Lane, reason: str) -> NoReturn:
    """Skip the test that asked for a lane, or fail it if REQUIRE_<LANE> is 1, or anything else but 0."""
    if (required := os.environ.get(f"REQUIRE_{lane}", "")) not in ("", "0"):
        pytest.fail(f"REQUIRE_{lane}={required}, but {reason}")
    pytest.skip(reason)
