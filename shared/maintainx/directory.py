"""Assets, locations, users, categories and teams as last read: for names and links, not for decisions on a status.

An event about an asset is news of it: who decides by the asset as it is since then says so (`since_utc`).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from shared.maintainx.cache import Cached, Lifetime, ReadCache
from shared.maintainx.client import MaintainXClient
from shared.maintainx.models import Asset, Category, Location, Team, User

_MINUTE_S = 60.0
_DAY_S = 86_400.0
_CLOCKS_APART = timedelta(seconds=5)

# Assets change most, by people and by their status; teams and categories hardly ever.
LIFETIMES = {
    "asset": Lifetime(fresh_s=5 * _MINUTE_S, stale_s=_DAY_S),
    "location": Lifetime(fresh_s=30 * _MINUTE_S, stale_s=7 * _DAY_S),
    "user": Lifetime(fresh_s=30 * _MINUTE_S, stale_s=_DAY_S),
    "category": Lifetime(fresh_s=60 * _MINUTE_S, stale_s=7 * _DAY_S),
    "team": Lifetime(fresh_s=60 * _MINUTE_S, stale_s=7 * _DAY_S),
    "work_order_asset": Lifetime(fresh_s=5 * _MINUTE_S, stale_s=_DAY_S),
}


class Directory:
    """Cached reads of one site. Thread-safe; keep it as long as the client.

    All raise RecordNotFound, and what the client raises if there is no value that may stand in.
    """

    def __init__(self, client: MaintainXClient, cache: ReadCache) -> None:
        self._client = client
        self._cache = cache

    def asset(self, asset_id: int, *, since_utc: datetime | None = None) -> Cached[Asset]:
        """The asset, at most 5 minutes old and not from before `since_utc`; a day while MaintainX does not answer."""
        age_s = math.inf if since_utc is None else (datetime.now(UTC) - since_utc - _CLOCKS_APART).total_seconds()
        return self._cache.get("asset", asset_id, lambda: self._client.get_asset(asset_id), max_age_s=max(0.0, age_s))

    def asset_of(self, work_order_id: int) -> Cached[int | None]:
        """The id of the asset that a work order is about, or None; as old as an asset may be."""
        return self._cache.get(
            "work_order_asset", work_order_id, lambda: self._client.get_work_order(work_order_id).asset_id
        )

    def location(self, location_id: int) -> Cached[Location]:
        """The location, at most 30 minutes old, or 7 days while MaintainX does not answer."""
        return self._cache.get("location", location_id, lambda: self._client.get_location(location_id))

    def user(self, user_id: int) -> Cached[User]:
        """The user, at most 30 minutes old, or a day while MaintainX does not answer."""
        return self._cache.get("user", user_id, lambda: self._client.get_user(user_id))

    def category(self, category_id: int) -> Cached[Category]:
        """The category, at most an hour old, or 7 days while MaintainX does not answer."""
        return self._cache.get("category", category_id, lambda: self._client.get_category(category_id))

    def team(self, team_id: int) -> Cached[Team]:
        """The team, at most an hour old, or 7 days while MaintainX does not answer."""
        return self._cache.get("team", team_id, lambda: self._client.get_team(team_id))

    def categories(self) -> Cached[tuple[Category, ...]]:
        """All categories, of the same age: work orders name them by label."""
        return self._cache.get("category", "all", lambda: tuple(self._client.iter_categories()))

    def teams(self) -> Cached[tuple[Team, ...]]:
        """All teams, of the same age."""
        return self._cache.get("team", "all", lambda: tuple(self._client.iter_teams()))
