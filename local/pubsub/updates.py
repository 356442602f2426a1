"""Field masks: which fields of a resource an update may change, and the merge."""

from __future__ import annotations

from local.pubsub.proto import Proto
from local.pubsub.status import InvalidArgument

TOPIC_FIELDS = frozenset({"labels", "message_retention_duration", "message_storage_policy", "kms_key_name"})
SUBSCRIPTION_FIELDS = frozenset(
    {
        "ack_deadline_seconds",
        "bigquery_config",
        "dead_letter_policy",
        "enable_exactly_once_delivery",
        "expiration_policy",
        "labels",
        "message_retention_duration",
        "push_config",
        "retain_acked_messages",
        "retry_policy",
    }
)


def merged(current: Proto, wanted: Proto, mask: Proto, changeable: frozenset[str]) -> Proto:
    """A copy of `current` with the masked fields of `wanted`; a field unset in `wanted` is cleared.

    Raises InvalidArgument for an empty mask and for a field that is unknown or cannot change.
    """
    if not mask.paths:
        raise InvalidArgument("the update_mask is empty")
    for path in mask.paths:
        if path.split(".")[0] not in changeable:
            raise InvalidArgument(f"{path!r} cannot be updated")
    if not mask.IsValidForDescriptor(current.DESCRIPTOR):
        raise InvalidArgument(f"the update_mask {list(mask.paths)} names a field that does not exist")
    result = type(current)()
    result.CopyFrom(current)
    mask.MergeMessage(wanted, result, replace_message_field=True, replace_repeated_field=True)
    return result
