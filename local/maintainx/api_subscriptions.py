"""/subscriptions: there is no list of them, and none of their filters is ever read back."""

from __future__ import annotations

from local.maintainx import queries, subscriptions
from local.maintainx.bodies import NewSubscription, SubscriptionChange
from local.maintainx.call import Answer, Call, Operation
from local.maintainx.occurrences import Occurrence
from local.maintainx.store import Record

_NOT_FOUND = "subscription Not Found"


def create_subscription(call: Call) -> Answer:
    given = {"filters": {}, "options": {}, **call.given()}
    subscriptions.check(given, reject_unknown=call.simulator.settings.reject_unknown_body_keys)
    record = {
        **given,
        "id": call.simulator.store.new_id(),
        "status": "VALID",
        "secret": subscriptions.new_secret(),
    }
    call.organization["subscriptions"].put(record)
    told = {"webhookId": record["id"], "webhookType": record["type"], "url": record["url"]}
    shown = {name: record[name] for name in ("id", "status", "secret")}
    return Answer(201, shown, [_audit(call, "WEBHOOK_CREATED", told)])


def get_subscription(call: Call) -> Answer:
    return Answer(200, {"subscription": subscriptions.shown(call.record("subscriptions", _NOT_FOUND))})


def change_subscription(call: Call) -> Answer:
    record = {**call.record("subscriptions", _NOT_FOUND), **call.given()}
    call.organization["subscriptions"].put(record)
    return Answer(200, {"subscription": subscriptions.shown(record)})


def delete_subscription(call: Call) -> Answer:
    record = call.record("subscriptions", _NOT_FOUND)
    call.organization["subscriptions"].drop(record["id"])
    return Answer(204, None, [_audit(call, "WEBHOOK_ARCHIVED", {"webhookId": record["id"]})])


def get_secret(call: Call) -> Answer:
    return Answer(200, {"secret": call.record("subscriptions", _NOT_FOUND)["secret"]})


def _audit(call: Call, type_: str, fields: Record) -> Occurrence:
    actor = call.actor()
    return actor.tells(type_, {"actorId": actor.user_id, **fields})


OPERATIONS = (
    Operation("POST", "/subscriptions", create_subscription, queries.SKIP_WEBHOOK, NewSubscription),
    Operation("GET", "/subscriptions/{id}", get_subscription),
    Operation("PATCH", "/subscriptions/{id}", change_subscription, queries.SKIP_WEBHOOK, SubscriptionChange),
    Operation("DELETE", "/subscriptions/{id}", delete_subscription, queries.SKIP_WEBHOOK),
    Operation("GET", "/subscriptions/{id}/secret", get_secret),
)
