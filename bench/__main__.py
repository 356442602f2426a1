"""`python -m bench [NAME...]`: run the benchmarks named, or all."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run them one after the other."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    for name in sys.argv[1:] or known:
        if name not in known:
            sys.exit(f"no benchmark {name!r}; there are: {', '.join(known)}")
        print(f"== {name}")
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
