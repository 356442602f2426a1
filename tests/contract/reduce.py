"""Writes tests/data anew from a vendor's document: `python -m tests.contract.reduce DOCUMENT...`"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract import maintainx, sap
from tests.contract.layout import dumps
from tests.reference import DATA, MAINTAINX, SAP


@dataclass(frozen=True)
class Reduction:
    """original: the name of the vendor's document; shipped: that of the file in tests/data."""

    original: str
    shipped: str
    facts: Callable[[bytes], Any]

    def text(self, document: bytes) -> str:
        """What is shipped of `document`."""
        return dumps(self.facts(document))


def _maintainx(document: bytes) -> Any:
    return maintainx.reduced(json.loads(document), maintainx.operations())


REDUCTIONS: Mapping[str, Reduction] = {
    ".json": Reduction("maintainx-openapi.json", MAINTAINX, _maintainx),
    ".edmx": Reduction("edmx/API_MAINTENANCEORDER_0002.edmx", SAP, sap.reduced),
}


def main(paths: list[str]) -> int:
    """The exit code: 2 if a file is none of the documents that are reduced here; nothing is written of it then."""
    if not paths:
        print(f"no document is named; {__doc__}", file=sys.stderr)
        return 2
    for path in map(Path, paths):
        try:
            if (reduction := REDUCTIONS.get(path.suffix)) is None:
                raise ValueError("its name ends neither in .json (MaintainX) nor in .edmx (SAP)")
            text = reduction.text(path.read_bytes())
        except KeyError as error:
            print(f"{path} cannot be reduced: it has no {error}; is it the vendor's document?", file=sys.stderr)
            return 2
        except (OSError, ValueError, TypeError, SyntaxError) as error:  # ElementTree's is a SyntaxError
            print(f"{path} cannot be reduced: {error}", file=sys.stderr)
            return 2
        (DATA / reduction.shipped).write_text(text, encoding="utf-8")
        print(f"tests/data/{reduction.shipped}: {len(text):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
