"""`python -m bench [NAME...]`: run the benchmarks named, or all."""

from __future__ import annotations

import argparse
import ast
import importlib
import os
from pathlib import Path

from local.environment import keep_to_this_machine


def main() -> None:
    """Run them one after the other. `--help` lists them; an unknown name is a mistake (exit code 2)."""
    known = {path.stem: path for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))}
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure, as ratios to a named floor.",
        epilog="\n".join(f"  {name:<11} {_first_line(path)}" for name, path in known.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; all of these if none is named")
    names = parser.parse_args().names
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}")
    keep_to_this_machine(os.environ)
    for name in names or known:
        print(f"== {name}")
        importlib.import_module(f"bench.{name}").main()


def _first_line(path: Path) -> str:
    """What a benchmark says of itself; read, not imported, which takes seconds."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


if __name__ == "__main__":
    main()
