"""What other records refer to: organizations, locations, users, teams, categories, parts. Read only."""

from __future__ import annotations

from collections.abc import Iterator

from shared.maintainx import operations, queries
from shared.maintainx.calls import PAGE_SIZE, Calls
from shared.maintainx.models import Category, Location, Organization, Part, Team, User


class DirectoryCalls(Calls):
    """Each of these changes seldom: `shared.maintainx.directory` keeps them."""

    def iter_organizations(self, page_size: int = PAGE_SIZE) -> Iterator[Organization]:
        """The organizations that the key may work in."""
        return self._rows(operations.LIST_ORGANIZATIONS, (), page_size)

    def get_location(self, location_id: int | str) -> Location:
        """The location as it is now."""
        return self._get(operations.GET_LOCATION, location_id)

    def iter_locations(
        self,
        wanted: queries.LocationFilter = queries.LocationFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.LocationExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Location]:
        """Rows of the list."""
        return self._rows(operations.LIST_LOCATIONS, wanted.params() + queries.expand(expand), page_size)

    def get_user(self, user_id: int | str) -> User:
        """The user as it is now."""
        return self._get(operations.GET_USER, user_id)

    def iter_users(
        self,
        wanted: queries.UserFilter = queries.UserFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.UserExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[User]:
        """Rows of the list."""
        return self._rows(operations.LIST_USERS, wanted.params() + queries.expand(expand), page_size)

    def get_team(self, team_id: int | str) -> Team:
        """The team as it is now."""
        return self._get(operations.GET_TEAM, team_id)

    def iter_teams(self, page_size: int = PAGE_SIZE) -> Iterator[Team]:
        """All teams."""
        return self._rows(operations.LIST_TEAMS, (), page_size)

    def get_category(self, category_id: int | str) -> Category:
        """The category as it is now."""
        return self._get(operations.GET_CATEGORY, category_id)

    def iter_categories(self, page_size: int = PAGE_SIZE) -> Iterator[Category]:
        """All categories."""
        return self._rows(operations.LIST_CATEGORIES, (), page_size)

    def get_part(self, part_id: int | str) -> Part:
        """The part as it is now."""
        return self._get(operations.GET_PART, part_id)

    def iter_parts(
        self,
        wanted: queries.PartFilter = queries.PartFilter(),  # noqa: B008  # immutable
        expand: tuple[queries.PartExpand, ...] = (),
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Part]:
        """Rows of the list. Pages go by offset: a part deleted meanwhile can hide another from one run."""
        return self._rows(operations.LIST_PARTS, wanted.params() + queries.expand(expand), page_size)
