"""What a test or a demonstration may change about the simulator while it runs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Ratio = Field(default=0.0, ge=0.0, le=1.0)
Seconds = Field(default=0.0, ge=0.0)


class Settings(BaseModel):
    """Limits, quirks and faults; the defaults are MaintainX as documented or measured. Ratios are 0 to 1."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    # Rate limits: requests per window. The token is the user.
    rate_window_s: float = Field(default=60.0, gt=0.0)
    token_cap: int = Field(default=100, ge=1)
    organization_cap: int = Field(default=500, ge=1)
    retry_after_header: bool = False

    # Meter readings have limits of their own beside those, per token.
    manual_readings_cap: int = Field(default=10, ge=1)
    manual_readings_window_s: float = Field(default=86_400.0, gt=0.0)
    automated_batches_cap: int = Field(default=100, ge=1)
    automated_batches_window_s: float = Field(default=60.0, gt=0.0)
    automated_single_window_s: float = Field(default=10.0, gt=0.0)

    # Quirks seen on the live system.
    canceled_and_skipped_list_is_empty: bool = True
    comments_and_costs_move_updated_at: bool = False
    deleted_rows_vanish: bool = True
    offset_paging_moves_rows: bool = True
    list_lag_s: float = Seconds
    omit_nulls: bool = True
    event_type_in_body: bool = True

    # Points that the vendor leaves open.
    reject_unknown_body_keys: bool = False
    reject_unknown_categories: bool = True

    # A subscription whose deliveries have failed for so long without one success is deleted; None: never.
    delete_failing_subscription_after_s: float | None = Field(default=None, ge=0.0)

    # Faults of webhook deliveries. Jitter delays each delivery by a random time: it reorders them.
    delivery_timeout_s: float = Field(default=10.0, gt=0.0)
    delivery_drop_ratio: float = Ratio
    delivery_duplicate_ratio: float = Ratio
    delivery_delay_s: float = Seconds
    delivery_jitter_s: float = Seconds

    # Faults of the API; a privileged token never meets them.
    api_error_ratio: float = Ratio
    api_error_status: int = Field(default=503, ge=500, le=599)
    api_delay_s: float = Seconds
    storm_429_ratio: float = Ratio  # refused whatever the windows say
    storm_429_reset_s: float = Field(default=10.0, ge=0.0)
