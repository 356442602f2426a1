"""What the documentation shows of sites.yaml for an ERP with a REST interface, which is the simulated ERP's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def _documented() -> dict[str, Any]:
    """`erp.rest` of the worked example in docs/configuration.md."""
    blocks = re.findall(r"```yaml\n(.*?)```", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (example,) = (block for block in blocks if "reference_parameter:" in block)
    found: dict[str, Any] = yaml.safe_load(example)["erp"]["rest"]
    return found


REST_EXAMPLE = _documented()
