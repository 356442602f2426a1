"""How long a message waits after a failed delivery."""

from __future__ import annotations

from dataclasses import dataclass

_MAX_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential wait between two delivery attempts, in seconds: `minimum_s` doubling up to `maximum_s`."""

    minimum_s: float
    maximum_s: float

    def after(self, failures: int) -> float:
        """Seconds to wait after the `failures`-th failed attempt (1 is the first)."""
        return float(min(self.maximum_s, self.minimum_s * 2 ** min(failures - 1, _MAX_DOUBLINGS)))


IMMEDIATE = Backoff(0.0, 0.0)
# What Google documents for push without a retry policy; a push policy with a minimum of 0 starts here too, so that a
# failing endpoint is not called in a tight loop.
PUSH_DEFAULT = Backoff(0.1, 60.0)
# Where a retry policy leaves a field out.
POLICY_MINIMUM_S = 10.0
POLICY_MAXIMUM_S = 600.0
