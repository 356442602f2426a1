"""Calls scheduled functions as Cloud Scheduler does: an HTTP POST with its headers and an OIDC token.

Google Cloud: "Cloud Scheduler HTTP targets". Jobs run every `interval_s` here, where Cloud Scheduler takes cron times.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from local import loopback
from local.pubsub.delivery.oidc import TokenIssuer
from shared.events import format_utc

log = logging.getLogger(__name__)

_ATTEMPT_DEADLINE_S = 180.0


@dataclass(frozen=True, slots=True)
class Job:
    """One job: POST `body` as JSON to `url`."""

    name: str
    url: str
    body: dict[str, Any]
    interval_s: float


@dataclass
class Scheduler:
    """Runs jobs in threads of this process until stopped."""

    project: str
    issuer: TokenIssuer
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, jobs: list[Job]) -> None:
        """Run every job once an interval, the first time after one."""
        for job in jobs:
            thread = threading.Thread(target=self._repeat, args=(job,), name=job.name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Start nothing more and wait for what runs."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def run(self, job: Job) -> httpx.Response:
        """Run a job now, as `gcloud scheduler jobs run` does, and return the answer."""
        token = self.issuer.token(f"scheduler@{self.project}.iam.gserviceaccount.com", job.url)
        return loopback.post(
            job.url,
            json=job.body,
            headers={
                "User-Agent": "Google-Cloud-Scheduler",
                "X-CloudScheduler": "true",
                "X-CloudScheduler-JobName": job.name,
                "X-CloudScheduler-ScheduleTime": format_utc(datetime.now(UTC)),
                "Authorization": f"Bearer {token}",
            },
            timeout=_ATTEMPT_DEADLINE_S,
        )

    def _repeat(self, job: Job) -> None:
        while not self._stopped.wait(job.interval_s):
            try:
                response = self.run(job)
            except httpx.HTTPError as error:
                log.warning("job %s: %s", job.name, error)
            else:
                if not response.is_success:
                    log.warning("job %s: %d %s", job.name, response.status_code, response.text[:200])
