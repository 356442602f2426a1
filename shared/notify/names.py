"""What an asset and its place are called, for a notification: as MaintainX answers at once, or has answered before.

A name is never worth a notification: it costs a moment at most, and nothing that goes wrong here stops one.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.deadline import deadline
from shared.errors import BridgeError, RecordNotFound
from shared.events import Event, dig
from shared.maintainx.directory import Directory
from shared.maintainx.webhooks import entity_of, id_text

log = logging.getLogger(__name__)

_PATIENCE_S = 1.5
_QUIET_S = 10.0  # after a failure, what is remembered must do for so long
_LONGEST = 80  # characters


@dataclass(frozen=True, slots=True)
class AssetNames:
    """What is known of an asset; name and location (the location's name) are "" if not known."""

    asset_id: int
    name: str = ""
    location: str = ""


class Names:
    """Looks names up for all sites. directory_of: the directory of a site; patience_s: how long a lookup may take.

    Thread-safe; keep it.
    """

    def __init__(
        self,
        directory_of: Callable[[str], Directory],
        *,
        patience_s: float = _PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory_of = directory_of
        self._patience_s = patience_s
        self._clock = clock
        self._quiet_until_s: dict[str, float] = {}

    def of(self, event: Event) -> AssetNames | None:
        """The asset that an event or its work order is about, as far as known; None if there is none. Never raises."""
        if event.resource not in ("asset", "work_order") or event.record_id is None:
            return None
        found: AssetNames | None = None
        is_quiet = self._clock() < self._quiet_until_s.get(event.site, -math.inf)
        try:
            # Without time nothing is asked, and what is remembered is found.
            with deadline(0.0 if is_quiet else self._patience_s):
                directory = self._directory_of(event.site)
                asset_id = _asset_id(event, directory)
                if asset_id is None:
                    return None
                found = AssetNames(asset_id)
                asset = directory.asset(asset_id).value
                found = replace(found, name=_short(asset.name))
                if asset.location_id is not None:
                    found = replace(found, location=_short(directory.location(asset.location_id).value.name))
        except RecordNotFound:
            pass  # deleted, or not visible to the key's user
        except Exception as error:  # whatever it is: the notification goes out without the name
            if not is_quiet:
                self._quiet_until_s[event.site] = self._clock() + _QUIET_S
                name = type(error).__name__
                # What is no error of our tree may quote anything.
                said = error if isinstance(error, BridgeError) else name
                log.warning("names left out: %s", said, extra={"error_class": name})
        return found


def _asset_id(event: Event, directory: Directory) -> int | None:
    if event.resource == "asset":
        return event.record_id
    entity = entity_of(event.origin, event.data) or {}
    for value in (entity.get("assetId"), dig(entity, "asset.id"), event.data.get("assetId")):
        if (text := id_text(value)).isdigit():
            return int(text)
    assert event.record_id is not None  # noqa: S101  # `of` has looked
    return directory.asset_of(event.record_id).value


def _short(name: str) -> str:
    """One line that fits into a headline."""
    line = " ".join(name.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
