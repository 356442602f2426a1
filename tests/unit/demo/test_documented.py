"""docs/your-data.md says which headings are read: those of the code, in their order."""

from __future__ import annotations

import re
from pathlib import Path

from local.demo.columns import HEADINGS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "your-data.md"


def test_document_names_every_heading_that_is_read() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.partition("| meaning | headings")[2].partition("\n\n")[0]
    rows = [re.findall(r"`([^`]+)`", line) for line in table.splitlines()[2:]]
    assert rows == [list(names) for names in HEADINGS.values()]
