"""Runs a module as a process that does not outlive the one that started it.

`python -m local.child MODULE [ARGUMENTS...]`: standard input is a pipe whose other end the parent holds. When the
parent ends, however it ends, the pipe closes, and this process takes its whole process group down.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main() -> None:
    """Run the module named on the command line as __main__."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, sys.argv = sys.argv[1], sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
