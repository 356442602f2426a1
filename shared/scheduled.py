"""What the functions that Cloud Scheduler calls have in common: the request's body, the sites it means, the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from flask import Request
from pydantic import AfterValidator, AwareDatetime, ValidationError

from shared.config.loading import Model
from shared.config.sites import SiteConfig
from shared.config.whole import get_config
from shared.errors import BridgeError, UnknownSite
from shared.logs import log_context

log = logging.getLogger(__name__)

Answer = tuple[dict[str, Any], int]


def _not_in_the_future(moment: datetime) -> datetime:
    if moment > datetime.now(UTC):
        raise ValueError("lies in the future")
    return moment


PastMoment = Annotated[AwareDatetime, AfterValidator(_not_in_the_future)]


class Order(Model):
    """Body of a request; all keys are optional, and so is the body. site: None means every site."""

    site: str | None = None


O = TypeVar("O", bound=Order)  # noqa: E741


class Refused(Exception):
    """The request is refused; `answer` is what to answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def read_order(request: Request, kind: type[O]) -> tuple[O, list[SiteConfig]]:
    """The request's body and the sites that it means. Refused: 400 bad body, 404 unknown site."""
    try:
        order = kind.model_validate(request.get_json(silent=True) if request.get_data() else {})
        config = get_config()
        return order, list(config.sites.values()) if order.site is None else [config.site(order.site)]
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}" for fault in error.errors()]
        raise Refused(({"error": "bad request", "faults": faults}, 400)) from error
    except UnknownSite as error:
        raise Refused(({"error": str(error)}, 404)) from error


def for_each_site(request: Request, kind: type[O], work: Callable[[SiteConfig, O], Answer]) -> Answer:
    """`work` for each site that the request means, and one answer of all.

    Besides the answers of `work`: 400 bad body, 404 unknown site, 503 try again, 500 a person must act. One site that
    fails does not stop the others; the answer has the worst status and every site's body under `sites`.
    """
    try:
        order, sites = read_order(request, kind)
    except Refused as refused:
        return refused.answer
    answers = {site.id: _answer(site, order, work) for site in sites}
    return {"sites": {site: body for site, (body, _) in answers.items()}}, max(status for _, status in answers.values())


def _answer(site: SiteConfig, order: O, work: Callable[[SiteConfig, O], Answer]) -> Answer:
    with log_context(site=site.id):
        try:
            return work(site, order)
        except BridgeError as error:
            log.error("%s: %s", type(error).__name__, error)
            return {"error": str(error), "error_class": type(error).__name__}, 503 if error.transient else 500
        except Exception as error:  # a fault of ours at one site must not stop the others
            log.exception("fault in the function")
            name = type(error).__name__
            return {"error": f"a fault of ours ({name}), with its traceback in the log", "error_class": name}, 500
