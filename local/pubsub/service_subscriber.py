"""google.pubsub.v1.Subscriber: subscriptions, pulling and acknowledging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from local.pubsub import proto, rpc, updates, validation
from local.pubsub.broker import Broker
from local.pubsub.paging import page
from local.pubsub.proto import Proto
from local.pubsub.resources import Subscription, new_subscription
from local.pubsub.status import AlreadyExists, FailedPrecondition, InvalidArgument, Unimplemented
from local.pubsub.streaming import StreamingPull

NAME = "google.pubsub.v1.Subscriber"
# An unary pull answers empty after this time, or shortly before the caller's own deadline if that is sooner.
MAX_PULL_WAIT_S = 10.0
_BEFORE_DEADLINE_S = 0.2


class SubscriberService:
    """Handlers of the service; each raises StatusError for what Google's service refuses.

    `on_change` is called with every subscription that was created, changed or deleted.
    """

    def __init__(self, broker: Broker, on_change: Callable[[Subscription], None], *, writes_bigquery: bool) -> None:
        self._broker = broker
        self._on_change = on_change
        self._writes_bigquery = writes_bigquery
        self.streams = StreamingPull(broker)

    def handler(self) -> Any:
        """The gRPC handler to add to a server."""
        methods = {
            "CreateSubscription": ("Subscription", self.create_subscription),
            "GetSubscription": ("GetSubscriptionRequest", self.get_subscription),
            "UpdateSubscription": ("UpdateSubscriptionRequest", self.update_subscription),
            "ListSubscriptions": ("ListSubscriptionsRequest", self.list_subscriptions),
            "DeleteSubscription": ("DeleteSubscriptionRequest", self.delete_subscription),
            "ModifyPushConfig": ("ModifyPushConfigRequest", self.modify_push_config),
            "ModifyAckDeadline": ("ModifyAckDeadlineRequest", self.modify_ack_deadline),
            "Acknowledge": ("AcknowledgeRequest", self.acknowledge),
            "Seek": ("SeekRequest", self.seek),
        }
        streaming = grpc.stream_stream_rpc_method_handler(
            self.streams.serve,
            request_deserializer=proto.StreamingPullRequest.FromString,
            response_serializer=proto.StreamingPullResponse.SerializeToString,
        )
        unary = {name: rpc.unary(*method) for name, method in methods.items()}
        waiting = {"Pull": rpc.waiting("PullRequest", self.pull), "StreamingPull": streaming}
        return rpc.service(NAME, {**unary, **waiting})

    # -- resources

    async def create_subscription(self, request: Proto) -> Proto:
        validation.fill_defaults(request)
        self._check(request)
        if request.name in self._broker.subscriptions:
            raise AlreadyExists(f"Subscription already exists: {request.name}")
        self._broker.topic(request.topic)
        request.state = request.State.Value("ACTIVE")
        number = self._broker.store.add_subscription(request.name, request.SerializeToString())
        subscription = new_subscription(number, request)
        self._broker.attach(subscription)
        self._on_change(subscription)
        return request

    async def update_subscription(self, request: Proto) -> Proto:
        subscription = self._broker.subscription(request.subscription.name)
        self._replace(
            subscription,
            updates.merged(subscription.proto, request.subscription, request.update_mask, updates.SUBSCRIPTION_FIELDS),
        )
        return subscription.proto

    async def modify_push_config(self, request: Proto) -> Proto:
        subscription = self._broker.subscription(request.subscription)
        changed = proto.Subscription()
        changed.CopyFrom(subscription.proto)
        changed.push_config.CopyFrom(request.push_config)
        self._replace(subscription, changed)
        return proto.Empty()

    async def get_subscription(self, request: Proto) -> Proto:
        return self._broker.subscription(request.subscription).proto

    async def list_subscriptions(self, request: Proto) -> Proto:
        mine = (name for name in self._broker.subscriptions if name.startswith(f"{request.project}/"))
        names, token = page(mine, request.page_size, request.page_token)
        found = [self._broker.subscriptions[name].proto for name in names]
        return proto.ListSubscriptionsResponse(subscriptions=found, next_page_token=token)

    async def delete_subscription(self, request: Proto) -> Proto:
        subscription = self._broker.subscription(request.subscription)
        self._broker.detach(subscription)
        self._on_change(subscription)
        return proto.Empty()

    def _replace(self, subscription: Subscription, changed: Proto) -> None:
        validation.fill_defaults(changed)
        self._check(changed)
        if not changed.push_config.push_endpoint:
            changed.ClearField("push_config")
        self._broker.store.put_subscription(subscription.id, changed.SerializeToString())
        subscription.replace(changed)
        self._on_change(subscription)
        subscription.signal.fire()

    def _check(self, subscription: Proto) -> None:
        validation.check_subscription(subscription)
        if subscription.HasField("dead_letter_policy"):
            self._broker.topic(subscription.dead_letter_policy.dead_letter_topic)
        if subscription.bigquery_config.table:
            if not self._writes_bigquery:
                raise FailedPrecondition("this server was started without a BigQuery endpoint")
            state = subscription.bigquery_config.State.Value("ACTIVE")
            subscription.bigquery_config.state = state

    # -- messages

    async def pull(self, request: Proto, remaining_s: float | None) -> Proto:
        if request.max_messages <= 0:
            raise InvalidArgument("max_messages must be greater than 0")
        subscription = self._broker.subscription(request.subscription)
        subscription.require_pull()
        wait_s = 0.0 if request.return_immediately else MAX_PULL_WAIT_S
        if remaining_s is not None:
            wait_s = min(wait_s, remaining_s - _BEFORE_DEADLINE_S)
        until_s = self._broker.clock() + wait_s
        while not (deliveries := self._broker.lease(subscription, min(request.max_messages, 1000))):
            left_s = until_s - self._broker.clock()
            if left_s <= 0 or subscription.deleted:
                break
            await subscription.signal.wait(self._broker.pause_s(subscription, left_s))
        received = [self._broker.received(subscription, delivery) for delivery in deliveries]
        return proto.PullResponse(received_messages=received)

    async def acknowledge(self, request: Proto) -> Proto:
        self._broker.acknowledge(self._broker.subscription(request.subscription), request.ack_ids)
        return proto.Empty()

    async def modify_ack_deadline(self, request: Proto) -> Proto:
        validation.check_extension(request.ack_deadline_seconds)
        subscription = self._broker.subscription(request.subscription)
        changes = ((ack_id, request.ack_deadline_seconds) for ack_id in request.ack_ids)
        self._broker.modify_deadline(subscription, changes)
        return proto.Empty()

    async def seek(self, request: Proto) -> Proto:
        subscription = self._broker.subscription(request.subscription)
        if request.WhichOneof("target") != "time":
            raise Unimplemented("seek to a snapshot is not supported by this local server")
        if subscription.proto.retain_acked_messages:
            raise Unimplemented("acknowledged messages are not kept here, so seek cannot bring them back")
        self._broker.purge(subscription, proto.seconds(request.time))
        return proto.SeekResponse()
