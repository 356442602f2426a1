"""google.pubsub.v1.Publisher: topics and publishing."""

from __future__ import annotations

from typing import Any

from local.pubsub import proto, rpc, updates, validation
from local.pubsub.broker import Broker
from local.pubsub.paging import page
from local.pubsub.proto import Proto
from local.pubsub.resources import DELETED_TOPIC, Topic
from local.pubsub.status import AlreadyExists

NAME = "google.pubsub.v1.Publisher"


class PublisherService:
    """Handlers of the service; each raises StatusError for what Google's service refuses."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def handler(self) -> Any:
        """The gRPC handler to add to a server."""
        methods = {
            "CreateTopic": ("Topic", self.create_topic),
            "UpdateTopic": ("UpdateTopicRequest", self.update_topic),
            "Publish": ("PublishRequest", self.publish),
            "GetTopic": ("GetTopicRequest", self.get_topic),
            "ListTopics": ("ListTopicsRequest", self.list_topics),
            "ListTopicSubscriptions": ("ListTopicSubscriptionsRequest", self.list_topic_subscriptions),
            "DeleteTopic": ("DeleteTopicRequest", self.delete_topic),
        }
        return rpc.service(NAME, {name: rpc.unary(*method) for name, method in methods.items()})

    async def create_topic(self, request: Proto) -> Proto:
        validation.check_topic(request)
        if request.name in self._broker.topics:
            raise AlreadyExists(f"Topic already exists: {request.name}")
        self._broker.store.put_topic(request.name, request.SerializeToString())
        self._broker.topics[request.name] = Topic(request)
        return request

    async def update_topic(self, request: Proto) -> Proto:
        topic = self._broker.topic(request.topic.name)
        changed = updates.merged(topic.proto, request.topic, request.update_mask, updates.TOPIC_FIELDS)
        validation.check_topic(changed)
        self._broker.store.put_topic(changed.name, changed.SerializeToString())
        topic.proto = changed
        return changed

    async def get_topic(self, request: Proto) -> Proto:
        return self._broker.topic(request.topic).proto

    async def list_topics(self, request: Proto) -> Proto:
        mine = (name for name in self._broker.topics if name.startswith(f"{request.project}/"))
        names, token = page(mine, request.page_size, request.page_token)
        topics = [self._broker.topics[name].proto for name in names]
        return proto.ListTopicsResponse(topics=topics, next_page_token=token)

    async def list_topic_subscriptions(self, request: Proto) -> Proto:
        attached = self._broker.topic(request.topic).subscriptions
        names, token = page(attached, request.page_size, request.page_token)
        return proto.ListTopicSubscriptionsResponse(subscriptions=names, next_page_token=token)

    async def delete_topic(self, request: Proto) -> Proto:
        topic = self._broker.topic(request.topic)
        for subscription in topic.subscriptions.values():
            subscription.proto.topic = DELETED_TOPIC
            self._broker.store.put_subscription(subscription.id, subscription.proto.SerializeToString())
        self._broker.store.delete_topic(request.topic)
        del self._broker.topics[request.topic]
        return proto.Empty()

    async def publish(self, request: Proto) -> Proto:
        self._broker.topic(request.topic)
        validation.check_publish(request)
        return proto.PublishResponse(message_ids=self._broker.publish(request.topic, request.messages))
