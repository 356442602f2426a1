"""What an operator does with dead letters: look, mend the cause, try a dry run, replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from local import loopback
from local.demo.sites import SeededSite, add_equipment
from local.stack import Stack
from shared.topics import PIPELINES

_ALL = 10_000


@dataclass(frozen=True, slots=True)
class Operator:
    """Works with the function dlq_replay of a running stack."""

    stack: Stack

    def dead_letters(self) -> list[dict[str, Any]]:
        """All that wait, counted by pipeline and error, with one message of each."""
        with ThreadPoolExecutor(len(PIPELINES)) as threads:  # each waits until a pull comes back empty
            return _grouped([letter for letters in threads.map(self._letters, PIPELINES) for letter in letters])

    def _letters(self, pipeline: str) -> list[dict[str, Any]]:
        query: dict[str, str | int] = {"pipeline": pipeline, "limit": _ALL}
        response = loopback.get(self.stack.url("dlq_replay"), params=query, timeout=60.0)
        letters: list[dict[str, Any]] = response.raise_for_status().json()["letters"]
        return letters

    def mend(self, sites: Iterable[SeededSite]) -> None:
        """Add the equipment that the ERP does not know."""
        for site in sites:
            if site.unknown_to_erp is not None:
                add_equipment(self.stack, site, site.unknown_to_erp)

    def replay(self, letters: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replay the pipelines of these letters; what was done, by pipeline."""
        done = []
        for pipeline in sorted({letter["pipeline"] for letter in letters}):
            rehearsal = self._replay(pipeline, dry_run=True)
            result = self._replay(pipeline, dry_run=False)
            counts = {"seen": result["seen"], "replayed": result["replayed"]}
            done.append({"pipeline": pipeline, "dry_run": rehearsal["matched"], **counts})
        return done

    def _replay(self, pipeline: str, *, dry_run: bool) -> dict[str, Any]:
        body = {"pipeline": pipeline, "limit": _ALL, "dry_run": dry_run}
        response = loopback.post(self.stack.url("dlq_replay"), json=body, timeout=60.0)
        result: dict[str, Any] = response.raise_for_status().json()
        return result


def _grouped(letters: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    def kind(letter: dict[str, Any]) -> tuple[str, str]:
        return letter["pipeline"], letter["error_class"]

    return [
        {"pipeline": key[0], "error_class": key[1], "count": len(group), "error_message": group[0]["error_message"]}
        for key, members in groupby(sorted(letters, key=kind), kind)
        if (group := list(members))
    ]
