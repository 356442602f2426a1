"""How much memory this process and all its children use together, at the most."""

from __future__ import annotations

import contextlib
import threading
from typing import Self

import psutil

_INTERVAL_S = 1.0


class MemoryWatch:
    """Samples while it is open. Proportional set size where the system tells it: shared pages count once."""

    def __init__(self) -> None:
        self.peak_mib = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        own = psutil.Process()
        while True:
            used = sum(_used_bytes(process) for process in [own, *own.children(recursive=True)])
            self.peak_mib = max(self.peak_mib, used // 2**20)
            if self._stopped.wait(_INTERVAL_S):
                return


def _used_bytes(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    return 0
