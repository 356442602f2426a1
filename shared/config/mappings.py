"""mappings/*.yaml: how a work order's fields become an ERP record's."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from shared.config.loading import Model

Owner = Literal["maintainx", "erp"]
Status = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"]
Scalar = StrictStr | StrictBool | StrictInt | StrictFloat

# What MaintainX may answer in these fields (its OpenAPI document): a table that leaves one out would fail in the
# night on the first work order that has it, so the file is refused instead.
ENUMS: dict[str, frozenset[str]] = {
    "status": frozenset({"OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"}),
    "priority": frozenset({"NONE", "LOW", "MEDIUM", "HIGH"}),
    "type": frozenset({"CYCLE_COUNT", "OTHER", "PREVENTIVE", "REACTIVE"}),
}


def value_key(value: object) -> str:
    """How a value is looked up in a value table: YAML's `2201:` and `true:` mean MaintainX's 2201 and true."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys_as_text(table: object) -> object:
    return {value_key(key): value for key, value in table.items()} if isinstance(table, dict) else table


class FieldRule(Model):
    """One ERP field and where its value comes from: a MaintainX field or a constant.

    erp: name of the field in the ERP's record. maintainx: dotted path in the work order (`title`, `dueDate`,
    `extraFields.Cost Center`). values: what each MaintainX value is called in the ERP; a value that is not there is
    an error. default: the ERP value where the work order has none (otherwise null is written). convert: `text` writes
    numbers as text, `date` writes the day of a time in the site's time zone. max_length: in characters; on_too_long
    `reject` makes it an error, `cut` writes the first max_length. owner: whose value stays when both sides changed
    the field.
    """

    erp: str = Field(min_length=1)
    maintainx: str | None = Field(default=None, pattern=r"^[^.\s][^.]*(\.[^.]+)*$")
    constant: Scalar | None = None
    values: Annotated[dict[str, Scalar], BeforeValidator(_keys_as_text)] | None = None
    default: Scalar | None = None
    convert: Literal["text", "date"] | None = None
    max_length: StrictInt | None = Field(default=None, gt=0)
    on_too_long: Literal["reject", "cut"] = "reject"
    owner: Owner = "maintainx"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.maintainx is None) == (self.constant is None):
            raise ValueError(f"{self.erp}: give either maintainx or constant")
        if self.constant is not None and {"values", "default", "convert"} & self.model_fields_set:
            raise ValueError(f"{self.erp}: a constant takes no values, default or convert")
        if self.on_too_long == "cut" and self.max_length is None:
            raise ValueError(f"{self.erp}: on_too_long: cut needs max_length")
        return self

    @model_validator(mode="after")
    def _every_enum_value_is_mapped(self) -> Self:
        known = ENUMS.get(self.maintainx or "")
        if known is None:
            return self
        given = set(self.values or {})
        if missing := sorted(known - given):
            raise ValueError(f"{self.erp}: values: {self.maintainx} may be {', '.join(missing)}, which has no value")
        if unknown := sorted(given - known):
            raise ValueError(f"{self.erp}: values: {self.maintainx} is never {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _own_texts_fit(self) -> Self:
        texts = [self.constant, self.default, *(self.values or {}).values()]
        if self.max_length is not None:
            for text in texts:
                if isinstance(text, str) and len(text) > self.max_length:
                    raise ValueError(f"{self.erp}: {text!r} is longer than max_length {self.max_length}")
        return self


class OnDelete(Model):
    """What happens to the ERP's record when the work order is deleted in MaintainX.

    `cancel` writes `set` into it (`set: {status: CANCELLED}`), `ignore` leaves it as it is.
    """

    action: Literal["cancel", "ignore"]
    set: dict[str, Scalar] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _cancel_writes_something(self) -> Self:
        if (self.action == "cancel") != bool(self.set):
            raise ValueError("cancel needs set, the ERP fields that mark a cancelled record; ignore has none")
        return self


class MappingFile(Model):
    """The whole of one mapping file.

    skip_when: a work order in one of these statuses gets no ERP record; one that has a record stays in step.
    """

    fields: list[FieldRule] = Field(min_length=1)
    on_delete: OnDelete
    skip_when: list[Status] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_erp_field_once(self) -> Self:
        names = [rule.erp for rule in self.fields]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"more than one rule writes the ERP field {', '.join(twice)}")
        if unmapped := sorted(set(self.on_delete.set) - set(names)):
            raise ValueError(f"on_delete.set: no rule writes the ERP field {', '.join(unmapped)}")
        return self

    @property
    def owners(self) -> dict[str, Owner]:
        """ERP field -> whose value stays in a conflict."""
        return {rule.erp: rule.owner for rule in self.fields}
