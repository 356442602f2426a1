"""A process that has just started."""

from __future__ import annotations

from shared import bootstrap
from shared.config.senders import get_senders
from shared.config.whole import get_config
from shared.secrets import secrets


def forget() -> None:
    """Let go of what a process keeps between calls: its configuration, secrets, clients and stores."""
    for kept in (get_senders, get_config, *vars(bootstrap).values()):
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()
    secrets._cache.clear()
