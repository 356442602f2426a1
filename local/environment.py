"""The environment of what runs on this machine alone: not the one that the user's shell has for other work."""

from __future__ import annotations

from collections.abc import MutableMapping

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "grpc_proxy", "no_grpc_proxy", "no_proxy")
# What docs/deploy.md has people export for a deployed bundle, and what configures a function there.
_OF_A_DEPLOYMENT = (
    "BIGQUERY_DATASET",
    "BIGQUERY_EMULATOR_HOST",
    "CLAIM_LEASE_S",
    "COMMIT",
    "CONFIG_DIR",
    "DEAD_LETTER_PULL_TIMEOUT_S",
    "ERP_BREAKER_PAUSE_S",
    "FIRESTORE_DATABASE",
    "FIRESTORE_EMULATOR_HOST",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CLOUD_PROJECT",
    "HANDLER_DEADLINE_S",
    "LOGS_DIR",
    "LOG_LEVEL",
    "MAINTAINX_RATE_WINDOW_S",
    "MAX_DELIVERY_ATTEMPTS",
    "PUBSUB_EMULATOR_HOST",
    "RECORD_LEASE_S",
    "RESOURCE_PREFIX",
    "SECRETS_DIR",
)


def keep_to_this_machine(environ: MutableMapping[str, str]) -> dict[str, str]:
    """Take out of `environ` what belongs to other work; gives back what was taken out.

    Proxies: everything here is on loopback, and a company's proxy cannot lead there. `no_proxy` is set to everything,
    since macOS has proxies beside the environment. Settings and secrets of a deployment: the stack has its own.
    """
    foreign = [
        name for name in environ if name.lower() in _PROXIES or name in _OF_A_DEPLOYMENT or name.startswith("SECRET_")
    ]
    taken = {name: environ.pop(name) for name in foreign}
    environ["no_proxy"] = environ["NO_PROXY"] = "*"
    return taken


def proxies_in(taken: dict[str, str]) -> list[str]:
    """Names of the proxy variables that are in the way of a client that is to reach the stack from the user's shell."""
    return sorted(name for name in taken if name.lower() in _PROXIES and "no_" not in name.lower())
