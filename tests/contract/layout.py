"""JSON that is read in a diff: keys sorted, and what fits into a line is one line."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 150


def dumps(facts: Any) -> str:
    """`facts` as text that is always the same for the same facts."""
    return _laid_out(facts, indent=0, before=0) + "\n"


def _laid_out(value: Any, indent: int, before: int) -> str:
    line = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if not isinstance(value, dict | list) or not value or indent + before + len(line) <= _WIDTH:
        return line
    if isinstance(value, dict):
        heads = {name: f"{json.dumps(name, ensure_ascii=False)}: " for name in sorted(value)}
        entries = [head + _laid_out(value[name], indent + 1, len(head)) for name, head in heads.items()]
    else:
        entries = [_laid_out(entry, indent + 1, 0) for entry in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    pad = "\n" + " " * (indent + 1)
    return f"{opening}{pad}{f',{pad}'.join(entries)}\n{' ' * indent}{closing}"
