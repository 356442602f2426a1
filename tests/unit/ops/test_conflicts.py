"""Every reason to park a field is explained to the operator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from ops.conflicts import REASONS
from shared.sync.conflicts import Reason

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(get_args(Reason))


def test_every_reason_is_in_the_runbook() -> None:
    table = RUNBOOK.read_text().partition("| reason | means | do |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", table)) >= set(get_args(Reason))
