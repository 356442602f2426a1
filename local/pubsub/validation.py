"""What the service refuses, before anything is stored: pure checks that raise
InvalidArgument, OutOfRange or Unimplemented.

Limits: https://cloud.google.com/pubsub/quotas and the field documentation of google.pubsub.v1. One deliberate
difference: push endpoints may be http://, because the functions of a local stack have no certificates.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from local.pubsub.filters import FilterError, compile_filter
from local.pubsub.proto import Proto, seconds
from local.pubsub.status import InvalidArgument, OutOfRange, Unimplemented

DEFAULT_ACK_DEADLINE_S = 10
DEFAULT_RETENTION_S = 7 * 24 * 3600
DEFAULT_EXPIRATION_S = 31 * 24 * 3600
DEFAULT_DELIVERY_ATTEMPTS = 5
MAX_PUBLISH_BYTES = 10_000_000
MAX_PUBLISH_MESSAGES = 1000
MAX_ATTRIBUTES = 100
MAX_KEY_BYTES = 256
MAX_VALUE_BYTES = 1024
MAX_ORDERING_KEY_BYTES = 1024

_ACK_DEADLINE_S = (10, 600)
_BACKOFF_S = (0, 600)
_DELIVERY_ATTEMPTS = (5, 100)
_RETENTION_S = (600, 31 * 24 * 3600)
_MIN_EXPIRATION_S = 24 * 3600
_RESOURCE_ID = re.compile(r"[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}")
_TABLE = re.compile(r"[^.:\s]+[.:][^.\s]+\.[^.\s]+")

_TOPIC_FEATURES_MISSING = ("schema_settings", "ingestion_data_source_settings", "message_transforms")
_SUBSCRIPTION_FEATURES_MISSING = (
    "cloud_storage_config",
    "bigtable_config",
    "enable_exactly_once_delivery",
    "message_transforms",
)


def check_topic(topic: Proto) -> None:
    """Raises InvalidArgument or Unimplemented."""
    check_name(topic.name, "topics")
    _refuse_missing(topic, _TOPIC_FEATURES_MISSING)
    if topic.HasField("message_retention_duration"):
        _check_range("message_retention_duration", seconds(topic.message_retention_duration), _RETENTION_S)


def check_subscription(subscription: Proto) -> None:
    """Checks the fields of a subscription whose defaults are filled in. Raises a StatusError."""
    check_name(subscription.name, "subscriptions")
    _refuse_missing(subscription, _SUBSCRIPTION_FEATURES_MISSING)
    _check_range("ack_deadline_seconds", subscription.ack_deadline_seconds, _ACK_DEADLINE_S)
    _check_range("message_retention_duration", seconds(subscription.message_retention_duration), _RETENTION_S)
    _check_filter(subscription.filter)
    _check_expiration(subscription)
    _check_retry_policy(subscription)
    _check_dead_letter_policy(subscription)
    check_push_config(subscription.push_config)
    _check_bigquery_config(subscription)


def fill_defaults(subscription: Proto) -> None:
    """Fills in, in place, what the service fills in for a new or updated subscription."""
    if subscription.ack_deadline_seconds == 0:
        subscription.ack_deadline_seconds = DEFAULT_ACK_DEADLINE_S
    if not subscription.HasField("message_retention_duration"):
        subscription.message_retention_duration.seconds = DEFAULT_RETENTION_S
    if not subscription.HasField("expiration_policy"):
        subscription.expiration_policy.ttl.seconds = DEFAULT_EXPIRATION_S
    policy = subscription.dead_letter_policy
    if subscription.HasField("dead_letter_policy") and policy.max_delivery_attempts == 0:
        policy.max_delivery_attempts = DEFAULT_DELIVERY_ATTEMPTS


def check_publish(request: Proto) -> None:
    """Raises InvalidArgument for a publish request that the service refuses as a whole."""
    if not request.messages:
        raise InvalidArgument("the publish request has no messages")
    if len(request.messages) > MAX_PUBLISH_MESSAGES:
        raise InvalidArgument(f"a publish request may have {MAX_PUBLISH_MESSAGES} messages")
    if request.ByteSize() > MAX_PUBLISH_BYTES:
        raise InvalidArgument(f"a publish request may have {MAX_PUBLISH_BYTES} bytes")
    for message in request.messages:
        _check_message(message)


def check_name(name: str, collection: str) -> None:
    """Raises InvalidArgument unless `name` is projects/{project}/{collection}/{id} with a valid id."""
    parts = name.split("/")
    if len(parts) != 4 or parts[0] != "projects" or not parts[1] or parts[2] != collection:
        raise InvalidArgument(f"{name!r} is not of the form projects/PROJECT/{collection}/ID")
    if _RESOURCE_ID.fullmatch(parts[3]) is None or parts[3].startswith("goog"):
        raise InvalidArgument(
            f"{parts[3]!r} is not a valid id: a letter, then 2 to 254 of letters, digits and -_.~+%; not goog..."
        )


def check_push_config(push_config: Proto) -> None:
    """Raises InvalidArgument for an endpoint that is no URL or a token without an account."""
    if not push_config.push_endpoint:
        return
    url = urlsplit(push_config.push_endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise InvalidArgument(f"push endpoint {push_config.push_endpoint!r} is not an http(s) URL")
    if push_config.HasField("oidc_token") and not push_config.oidc_token.service_account_email:
        raise InvalidArgument("oidc_token needs service_account_email")


def check_stream_deadline(stream_ack_deadline_s: int) -> None:
    """Raises InvalidArgument unless 10..600 s."""
    _check_range("stream_ack_deadline_seconds", stream_ack_deadline_s, _ACK_DEADLINE_S)


def check_extension(ack_deadline_s: int) -> None:
    """Raises InvalidArgument unless 0..600 s."""
    _check_range("ack_deadline_seconds", ack_deadline_s, (0, _ACK_DEADLINE_S[1]))


def _check_message(message: Proto) -> None:
    if not message.data and not message.attributes:
        raise InvalidArgument("a message needs data or at least one attribute")
    if len(message.attributes) > MAX_ATTRIBUTES:
        raise InvalidArgument(f"a message may have {MAX_ATTRIBUTES} attributes, not {len(message.attributes)}")
    if len(message.ordering_key.encode()) > MAX_ORDERING_KEY_BYTES:
        raise InvalidArgument(f"an ordering key may have {MAX_ORDERING_KEY_BYTES} bytes")
    for key, value in message.attributes.items():
        if not key or len(key.encode()) > MAX_KEY_BYTES or key.startswith("goog"):
            raise InvalidArgument(f"attribute key {key[:64]!r} is empty, over {MAX_KEY_BYTES} bytes or reserved")
        if len(value.encode()) > MAX_VALUE_BYTES:
            raise InvalidArgument(f"the value of attribute {key!r} is over {MAX_VALUE_BYTES} bytes")


def _check_filter(text: str) -> None:
    try:
        compile_filter(text)
    except FilterError as error:
        raise InvalidArgument(f"filter: {error}") from None


def _check_expiration(subscription: Proto) -> None:
    policy = subscription.expiration_policy
    if policy.HasField("ttl") and seconds(policy.ttl) < _MIN_EXPIRATION_S:
        raise InvalidArgument("expiration_policy.ttl is less than a day")


def _check_retry_policy(subscription: Proto) -> None:
    policy = subscription.retry_policy
    for name in ("minimum_backoff", "maximum_backoff"):
        if policy.HasField(name):
            _check_range(f"retry_policy.{name}", seconds(getattr(policy, name)), _BACKOFF_S)
    both = policy.HasField("minimum_backoff") and policy.HasField("maximum_backoff")
    if both and seconds(policy.minimum_backoff) > seconds(policy.maximum_backoff):
        raise InvalidArgument("retry_policy.minimum_backoff is greater than maximum_backoff")


def _check_dead_letter_policy(subscription: Proto) -> None:
    if not subscription.HasField("dead_letter_policy"):
        return
    policy = subscription.dead_letter_policy
    low, high = _DELIVERY_ATTEMPTS
    if not low <= policy.max_delivery_attempts <= high:
        raise OutOfRange(
            f"dead_letter_policy.max_delivery_attempts is {policy.max_delivery_attempts}, not {low} to {high}"
        )
    check_name(policy.dead_letter_topic, "topics")


def _check_bigquery_config(subscription: Proto) -> None:
    config = subscription.bigquery_config
    if not config.table:
        if subscription.HasField("bigquery_config"):
            raise InvalidArgument("bigquery_config needs a table")
        return
    if subscription.push_config.push_endpoint:
        raise InvalidArgument("push_config and bigquery_config exclude each other")
    if config.use_topic_schema or config.use_table_schema:
        raise Unimplemented("bigquery_config with use_topic_schema or use_table_schema is not supported here")
    if _TABLE.fullmatch(config.table) is None:
        raise InvalidArgument(f"bigquery_config.table {config.table!r} is not PROJECT.DATASET.TABLE")


def _refuse_missing(resource: Proto, names: tuple[str, ...]) -> None:
    wanted = {descriptor.name for descriptor, _ in resource.ListFields()}
    for name in names:
        if name in wanted:
            raise Unimplemented(f"{name} is not supported by this local server")


def _check_range(name: str, value: float, limits: tuple[int, int]) -> None:
    low, high = limits
    if not low <= value <= high:
        raise InvalidArgument(f"{name} is {value:g}, allowed are {low} to {high}")
