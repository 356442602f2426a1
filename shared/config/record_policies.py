"""The part of a mapping file that is about records as a whole: deleted on one side, or made in the ERP."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from shared.config.loading import Model, fault_at

Scalar = StrictStr | StrictBool | StrictInt | StrictFloat


class OnDelete(Model):
    """What happens to the ERP's record when the work order is deleted in MaintainX.

    `cancel` writes `set` into it (`set: {status: CANCELLED}`), `ignore` leaves it as it is, `park` asks a person which
    of the two.
    """

    action: Literal["cancel", "ignore", "park"]
    set: dict[str, Scalar] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _cancel_writes_something(self) -> Self:
        if (self.action != "ignore") != bool(self.set):
            text = "the ERP fields that mark a cancelled record"
            raise ValueError(f"cancel needs set, {text}, and so does park; ignore has none")
        return self


class OnNewInErp(Model):
    """What happens when `erp_pull` finds a record that was made in the ERP and that nothing links to a work order.

    `ignore` counts it as not_linked; `create` makes a work order of it if each field of `when` has one of the values
    listed there (`when: {orderType: [PM02]}`).
    """

    action: Literal["create", "ignore"] = "ignore"
    when: dict[str, Annotated[list[Scalar], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ignore_has_no_condition(self) -> Self:
        if self.action == "ignore" and self.when:
            raise fault_at(("when",), "ignore has no when: nothing is made of any record")
        return self
