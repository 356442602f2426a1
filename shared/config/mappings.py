"""mappings/*.yaml: how a work order's fields become an ERP record's, and the other way round."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from shared.config.loading import Model, fault_at
from shared.config.messages import did_you_mean
from shared.config.record_policies import OnDelete, OnNewInErp, Scalar
from shared.config.work_order_fields import ENUMS, OVER, READ_ONLY_VALUES, WRITABLE, unknown_path
from shared.lengths import Lengths

Policy = Literal["maintainx", "erp", "newest", "manual"]
Direction = Literal["both", "to_erp", "to_maintainx"]
Status = Literal["OPEN", "IN_PROGRESS", "ON_HOLD", "DONE", "CANCELED", "SKIPPED"]


def value_key(value: object) -> str:
    """How a value is looked up in a value table: YAML's `2201:` and `true:` mean MaintainX's 2201 and true."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _keys_as_text(table: object) -> object:
    if not isinstance(table, dict):
        return table
    keys = [value_key(key) for key in table]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"{', '.join(twice)} is given twice, once with quotes and once without")
    return dict(zip(keys, table.values(), strict=True))


def _number_of(key: str) -> int | float:
    return int(key) if key.lstrip("-").isdecimal() else float(key)


class FieldRule(Model):
    """One ERP field and the MaintainX field, or the constant, that it goes with.

    erp: name of the field in the ERP's record. maintainx: dotted path in the work order (`title`, `dueDate`,
    `extraFields.Cost Center`). values: what each MaintainX value is called in the ERP; a value that is not there is
    an error. default: the ERP value where the work order has none (otherwise null is written). convert: `text` writes
    numbers as text, `date` writes the day of a time in the site's time zone, `time` drops the parts of a second, which
    few ERPs keep. max_length: as the ERP counts (`lengths`); on_too_long `reject` makes it an error, `cut` writes what
    fits, `overflow` does that too and puts the whole text before that of the ERP field `overflow_to`.

    direction: whose changes travel. In `to_erp` the ERP's own changes are put back, in `to_maintainx` MaintainX's are.
    once: written when the record is made and never looked at again. policy: what happens when both sides changed the
    field: the value of `maintainx` or of `erp` stays, or that of the side that was changed last (`newest`), or both
    until a person decides (`manual`). back: ERP value -> MaintainX value, for what cannot be told from `values`
    because several MaintainX values share one ERP value, or because only the ERP has it ("" for an empty field).
    """

    erp: str = Field(min_length=1)
    maintainx: str | None = Field(default=None, pattern=r"^[^.\s][^.]*(\.[^.]+)*$")
    constant: Scalar | None = None
    values: Annotated[dict[str, Scalar], BeforeValidator(_keys_as_text)] | None = None
    back: Annotated[dict[str, Scalar], BeforeValidator(_keys_as_text)] | None = None
    default: Scalar | None = None
    convert: Literal["text", "date", "time"] | None = None
    max_length: StrictInt | None = Field(default=None, gt=0)
    on_too_long: Literal["reject", "cut", "overflow"] = "reject"
    overflow_to: str | None = None
    direction: Direction = "both"
    once: StrictBool = False
    policy: Policy = "maintainx"

    @property
    def travels_back(self) -> bool:
        """Whether the ERP's changes of this field are written to MaintainX."""
        return self.maintainx is not None and not self.once and self.direction != "to_erp"

    @property
    def travels_out(self) -> bool:
        """Whether MaintainX's changes of this field are written to the ERP."""
        return not self.once and self.direction != "to_maintainx"

    @property
    def maintainx_values(self) -> dict[str, Scalar]:
        """ERP value (by `value_key`) -> MaintainX value, of its own type: `back`, and what follows from `values`."""
        turned = {value_key(erp): self.typed(maintainx) for maintainx, erp in (self.values or {}).items()}
        return {**turned, **(self.back or {})}

    def typed(self, key: str) -> Scalar:
        """A key of `values` as the MaintainX field has it; ValueError if that is a number and the key is none."""
        return _number_of(key) if WRITABLE.get(str(self.maintainx)) == "number" else key

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.maintainx is None) == (self.constant is None):
            raise ValueError(f"{self.erp}: give either maintainx or constant")
        only_of_fields = {"values", "back", "default", "convert", "direction", "policy"}
        if self.constant is not None and (given := sorted(only_of_fields & self.model_fields_set)):
            raise fault_at((given[0],), f"{self.erp}: a constant takes no {', '.join(given)}")
        if self.on_too_long != "reject" and self.max_length is None:
            raise fault_at(("on_too_long",), f"{self.erp}: on_too_long: {self.on_too_long} needs max_length")
        if self.policy != "maintainx" and not (self.travels_back and self.travels_out):
            reason = "policy has no use here: the field's changes do not travel both ways"
            raise fault_at(("policy",), f"{self.erp}: {reason}")
        if (self.on_too_long == "overflow") != (self.overflow_to is not None):
            where = "on_too_long" if self.overflow_to is None else "overflow_to"
            raise fault_at((where,), f"{self.erp}: on_too_long: overflow and overflow_to go together")
        return self

    @model_validator(mode="after")
    def _every_enum_value_is_mapped(self) -> Self:
        known = ENUMS.get(self.maintainx or "")
        if known is None:
            return self
        given = set(self.values or {})
        # First, as a mistyped value is missing too.
        for name in sorted(given - known):
            meant = did_you_mean(name, known - given)
            raise fault_at(("values", name), f"{self.erp}: {self.maintainx} is never {name}{meant}")
        if missing := sorted(known - given):
            reason = f"{self.maintainx} may be {', '.join(missing)}, which has no value"
            raise fault_at(("values",), f"{self.erp}: {reason}")
        return self

    @model_validator(mode="after")
    def _maintainx_takes_what_travels_back(self) -> Self:
        if not self.travels_back:
            if self.back is not None:
                raise fault_at(("back",), f"{self.erp}: back has no use here: nothing travels to MaintainX")
            return self
        path = str(self.maintainx)
        if path not in WRITABLE and not path.startswith("extraFields."):
            reason = unknown_path(path) or f"MaintainX does not take {path}; say direction: to_erp"
            raise fault_at(("maintainx",), f"{self.erp}: {reason}")
        if self.values is None and self.back is None:
            return self
        shared = [value_key(erp) for erp in (self.values or {}).values()]
        if unclear := sorted({erp for erp in shared if shared.count(erp) > 1} - set(self.back or {})):
            reason = f"back: several MaintainX values are {', '.join(unclear)}; say which it becomes"
            raise fault_at(("values" if self.back is None else "back",), f"{self.erp}: {reason}")
        self._its_values_are_of_its_type(path)
        read_only = READ_ONLY_VALUES.get(path, frozenset())
        known = ENUMS.get(path)
        for erp, value in self.maintainx_values.items():
            where = ("back", erp) if erp in (self.back or {}) else ("back",) if self.back else ("values",)
            if value in read_only:
                reason = f"back: {erp} cannot become {value}, which MaintainX does not take"
                raise fault_at(where, f"{self.erp}: {reason}")
            if known is not None and value not in known:
                reason = f"back: {erp} becomes {value}, which {path} never is{did_you_mean(str(value), known)}"
                raise fault_at(where, f"{self.erp}: {reason}")
        return self

    def _its_values_are_of_its_type(self, path: str) -> None:
        kind = WRITABLE.get(path)
        for erp, value in (self.back or {}).items():
            if kind is not None and (isinstance(value, bool) or isinstance(value, str) == (kind == "number")):
                raise fault_at(("back", erp), f"{self.erp}: back: {erp} becomes {value!r}, but {path} is a {kind}")
        try:
            _ = self.maintainx_values
        except ValueError:
            raise fault_at(("values",), f"{self.erp}: {path} is a number, and not all of these are") from None

    @model_validator(mode="after")
    def _own_texts_fit(self) -> Self:
        texts: dict[tuple[str, ...], Scalar | None] = {("constant",): self.constant, ("default",): self.default}
        texts |= {("values", key): text for key, text in (self.values or {}).items()}
        for where, text in texts.items():
            if self.max_length is not None and isinstance(text, str) and len(text) > self.max_length:
                raise fault_at(where, f"{self.erp}: {text!r} is longer than max_length {self.max_length}")
        return self


class MappingFile(Model):
    """The whole of one mapping file.

    skip_when: a work order in one of these statuses gets no ERP record; one that has a record stays in step.
    on_erp_delete: what happens to the work order when its ERP record is gone: `cancel` cancels it, `ignore` leaves it,
    `park` asks a person. on_new_in_erp: what happens to a record that was made in the ERP. lengths: what `max_length`
    counts; as the ERP does, if it is not said.
    """

    fields: list[FieldRule] = Field(min_length=1)
    on_delete: OnDelete
    on_erp_delete: Literal["cancel", "ignore", "park"] = "park"
    # Not OnNewInErp(): that would build a validator of its own at every cold start.
    on_new_in_erp: OnNewInErp = Field(default_factory=dict, validate_default=True)
    skip_when: list[Status] = Field(default_factory=list)
    lengths: Lengths | None = None

    @property
    def counts(self) -> Lengths:
        """What `max_length` counts."""
        return self.lengths or "characters"

    def counted_by(self, lengths: Lengths) -> MappingFile:
        """The mapping for an ERP that counts so, unless it says itself what is counted."""
        return self if self.lengths is not None else self.model_copy(update={"lengths": lengths})

    @property
    def maintainx_paths(self) -> tuple[str, ...]:
        """What it reads of a work order, as dotted paths."""
        return tuple(rule.maintainx for rule in self.fields if rule.maintainx is not None)

    @model_validator(mode="after")
    def _each_erp_field_once(self) -> Self:
        names: dict[str, int] = {}
        paths: dict[str, int] = {}
        for number, rule in enumerate(self.fields):
            if (other := names.setdefault(rule.erp, number)) != number:
                reason = f"more than one rule writes the ERP field {rule.erp}: line {{line}} does already"
                raise fault_at(("fields", number, "erp"), reason, ("fields", other, "erp"))
            if not rule.travels_back:
                continue
            if (other := paths.setdefault(str(rule.maintainx), number)) != number:
                reason = f"more than one ERP field would be written to MaintainX's {rule.maintainx} (see line {{line}})"
                where = ("fields", number, "maintainx")
                raise fault_at(where, f"{reason}; say direction: to_erp", ("fields", other, "maintainx"))
        for name in self.on_delete.set:
            if name not in names:
                reason = f"no rule writes the ERP field {name}{did_you_mean(name, names)}"
                raise fault_at(("on_delete", "set", name), reason)
        return self

    @model_validator(mode="after")
    def _what_is_new_in_the_erp_can_become_a_work_order(self) -> Self:
        rules = {rule.erp: rule for rule in self.fields}
        for name, values in self.on_new_in_erp.when.items():
            where = ("on_new_in_erp", "when", name)
            if name not in rules:
                raise fault_at(where, f"no rule reads the ERP field {name}{did_you_mean(name, rules)}")
            if rules[name].constant is not None and not rules[name].once:
                reason = (
                    f"{name} would be put back to its constant when a planner changes it: say once: true in its rule"
                )
                raise fault_at(where, reason)
            if rules[name].maintainx != "status":
                continue
            for number, value in enumerate(values):
                if (status := rules[name].maintainx_values.get(value_key(value))) in OVER:
                    reason = f"{value} means {status}: of what is over no work order is made"
                    raise fault_at((*where, number), reason)
        has_title = any(rule.travels_back and rule.maintainx == "title" for rule in self.fields)
        if self.on_new_in_erp.action == "create" and not has_title:
            reason = "a work order needs a title, but no rule brings the ERP's changes of one to MaintainX"
            raise fault_at(("on_new_in_erp", "action"), reason)
        return self

    @model_validator(mode="after")
    def _overflow_has_a_place(self) -> Self:
        rules = {rule.erp: rule for rule in self.fields}
        for number, rule in enumerate(self.fields):
            if rule.overflow_to is None:
                continue
            other = rules.get(rule.overflow_to)
            if other is None or other is rule or other.maintainx is None or other.once or other.direction != "to_erp":
                reason = "overflow_to must name another field with a rule of direction: to_erp"
                meant = "" if other is not None else did_you_mean(rule.overflow_to, rules.keys() - {rule.erp})
                raise fault_at(("fields", number, "overflow_to"), f"{rule.erp}: {reason}{meant}")
        return self
