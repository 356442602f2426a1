"""How many examples hypothesis tries: all of them with the profile `ci`, few with `dev`, for a quick look."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

CI, DEV = "ci", "dev"
_FEW = 20


def register_profiles() -> None:
    """The two profiles; $HYPOTHESIS_PROFILE or `--hypothesis-profile` chooses one.

    Neither has a deadline: how long an example takes is the machine's affair.
    """
    for name, many in ((CI, 100), (DEV, _FEW)):
        settings.register_profile(name, max_examples=many, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", CI))


def examples(full: int) -> int:
    """How many examples a test that wants so many tries. Called when a test's module is imported."""
    return min(_FEW, max(1, full // 5)) if _is_quick() else full


def steps(full: int) -> int:
    """The same for the steps of a state machine."""
    return max(1, full // 2) if _is_quick() else full


def _is_quick() -> bool:
    return settings.get_current_profile_name() == DEV
