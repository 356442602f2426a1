"""Finds the vendors' reference documents, which are test data and not shipped with the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def reference_path(name: str) -> Path:
    """The file `name` in $REFERENCE_DIR, or in `shared/reference` beside the checkout; skips the test if absent."""
    checkout = Path(__file__).resolve().parents[1]
    folders = [Path(os.environ.get("REFERENCE_DIR", checkout.parent / "shared" / "reference"))]
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    pytest.skip(f"reference document {name} is not here (set REFERENCE_DIR)")
