"""The folder of a stack: emptied at its start, so it must be ours, and only one stack's at a time."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

from local.processes import StackFailed

_MARK = "made-by-make-run"


@contextlib.contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """`folder`, empty and locked for the length of the block. Raises StackFailed if it is somebody else's."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Beside the folder, because the folder itself is removed.
        with (folder.parent / f"{folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackFailed(
                    f"another run uses {folder}; wait for it, or give this one another --folder"
                ) from None
            if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
                raise StackFailed(
                    f"{folder} holds files that are not from a run; it would be emptied. Give another --folder"
                )
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(exist_ok=True)
            (folder / _MARK).touch()
            yield
    except OSError as error:
        raise StackFailed(f"{folder}: {error.strerror or error}") from error
