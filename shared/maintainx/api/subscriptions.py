"""Webhook subscriptions. MaintainX lists none: keep the ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.maintainx import operations
from shared.maintainx.calls import Calls
from shared.maintainx.models import Subscription


class SubscriptionCalls(Calls):
    """Filters and options are set once and never told or changed; one type and one URL each."""

    def create_subscription(
        self,
        webhook_type: str,
        url: str,
        *,
        filters: Mapping[str, Any] | None = None,
        options: Mapping[str, bool] | None = None,
    ) -> Subscription:
        """Subscribe `url` to a type. Keep id and secret of the answer. Raises OutcomeUnknown if it may have been made.

        One that was made unknown to us delivers to an address whose secret we do not have, until a person deletes it.
        """
        fields = {"type": webhook_type, "url": url, "filters": filters, "options": options}
        given = {name: value for name, value in fields.items() if value is not None}
        return self._create(operations.CREATE_SUBSCRIPTION, given)

    def get_subscription(self, subscription_id: int | str) -> Subscription:
        """RecordNotFound: MaintainX deleted it, as it does to those that keep failing."""
        return self._get(operations.GET_SUBSCRIPTION, subscription_id)

    def change_subscription(
        self, subscription_id: int | str, *, webhook_type: str | None = None, url: str | None = None
    ) -> Subscription:
        """Change type or URL; the secret stays."""
        fields = {"type": webhook_type, "url": url}
        given = {name: value for name, value in fields.items() if value is not None}
        return self._change(operations.CHANGE_SUBSCRIPTION, subscription_id, given)

    def delete_subscription(self, subscription_id: int | str) -> None:
        """Delete it. RecordNotFound if there was none."""
        self._delete(operations.DELETE_SUBSCRIPTION, subscription_id)

    def get_subscription_secret(self, subscription_id: int | str) -> str:
        """What its deliveries are signed with."""
        return self._get(operations.GET_SUBSCRIPTION_SECRET, subscription_id).secret
