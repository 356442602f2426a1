"""Google Cloud's list prices as data: us-central1, USD, without discounts, taxes and committed use.

Read from stored copies of the price pages; the newest date that a copy carries is given. None was checked against the
live page: look at the source before you rely on a figure.
"""

from __future__ import annotations

from dataclasses import dataclass

PRICES_AS_OF = (
    "2026-09 and before (bench/costing/prices.py has source and date of each), not checked against the live pages"
)


@dataclass(frozen=True, slots=True)
class Price:
    """`usd` for each `per` of `unit`; the first `free` of a month are free. read: date of the copy, "" if undated."""

    unit: str
    usd: float
    per: float
    free: float
    source: str
    read: str

    def cost(self, quantity: float) -> float:
        """What a month's quantity costs."""
        return max(0.0, quantity - self.free) / self.per * self.usd


_GIB = 2.0**30
_TIB = 2.0**40
_RUN = "https://cloud.google.com/run/pricing"
_PUBSUB = "https://cloud.google.com/pubsub/pricing"
_FIRESTORE = "https://cloud.google.com/firestore/pricing"
_BIGQUERY = "https://cloud.google.com/bigquery/pricing"
_LOGGING = "https://cloud.google.com/stackdriver/pricing"
_SECRETS = "https://cloud.google.com/secret-manager/pricing"
_SCHEDULER = "https://cloud.google.com/scheduler/pricing"
_NETWORK = "https://cloud.google.com/vpc/network-pricing"
_REGISTRY = "https://cloud.google.com/artifact-registry/pricing"

# Firestore's free quota is a day's (50,000 reads, 20,000 writes); a month of 30 days is assumed to be even.
PRICES: dict[str, Price] = {
    "Cloud Run: requests": Price("requests", 0.40, 1e6, 2e6, _RUN, ""),
    "Cloud Run: vCPU": Price("vCPU-s", 0.000024, 1, 180_000, _RUN, ""),
    "Cloud Run: memory": Price("GiB-s", 0.0000025, 1, 360_000, _RUN, ""),
    "Cloud Run: idle minimum instance, vCPU": Price("vCPU-s", 0.0000025, 1, 0, _RUN, ""),
    "Cloud Run: idle minimum instance, memory": Price("GiB-s", 0.0000025, 1, 0, _RUN, ""),
    "Pub/Sub: publish and push": Price("bytes", 40, _TIB, 10 * _GIB, _PUBSUB, "2026-09-20"),
    "Pub/Sub: to BigQuery": Price("bytes", 50, _TIB, 0, _PUBSUB, "2026-09-20"),
    "Pub/Sub: retained messages": Price("byte-months", 0.27, _GIB, 0, _PUBSUB, "2026-09-20"),
    "Firestore: reads": Price("documents", 0.03, 1e5, 30 * 50_000, _FIRESTORE, ""),
    "Firestore: writes": Price("documents", 0.09, 1e5, 30 * 20_000, _FIRESTORE, ""),
    "Firestore: TTL deletes": Price("documents", 0.01, 1e5, 0, _FIRESTORE, ""),
    "Firestore: storage": Price("byte-months", 0.15, _GIB, _GIB, _FIRESTORE, ""),
    "BigQuery: storage": Price("byte-months", 0.023, _GIB, 10 * _GIB, _BIGQUERY, ""),
    "BigQuery: queries": Price("bytes", 6.25, _TIB, _TIB, _BIGQUERY, ""),
    "Secret Manager: versions": Price("versions", 0.06, 1, 6, _SECRETS, "2026-04"),
    "Secret Manager: accesses": Price("accesses", 0.03, 1e4, 1e4, _SECRETS, "2026-04"),
    "Cloud Scheduler: jobs": Price("jobs", 0.10, 1, 3, _SCHEDULER, ""),
    "Logging": Price("bytes", 0.50, _GIB, 50 * _GIB, _LOGGING, "2026-09-12"),
    "Monitoring: alert conditions": Price("conditions", 0.10, 1, 0, _LOGGING, ""),
    "Artifact Registry: images": Price("byte-months", 0.10, _GIB, 0.5 * _GIB, _REGISTRY, ""),
    "Network: to ERP, MaintainX, people": Price("bytes", 0.12, _GIB, _GIB, _NETWORK, ""),
}
