"""How an ERP with a REST interface is spoken to: the settings of the adapter `rest`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from shared.config.erp_connection import ConnectionConfig
from shared.config.loading import Model
from shared.config.names import BelowBaseUrl, HeaderName, HeaderValue
from shared.lengths import Lengths

_ClientError = Annotated[StrictInt, Field(ge=400, le=499)]


class PagingConfig(Model):
    """How an ERP with a REST interface gives a list in pages; paths are dotted, into the answer.

    style: `none` (one answer has all of it); `next_link` (the address of the next page is at `next`, or in the Link
    header if that is None; only its path and query count); `offset` and `page` (`parameter` counts records from 0, or
    pages from `first`); `cursor` (the next page is asked for with what is at `next`, in `parameter`).
    size: records to ask for in `size_parameter`; what the ERP then really gives counts. more: path of the truth value
    that says whether there is a next page; without it `offset` and `page` go on until a page is empty.
    """

    style: Literal["none", "next_link", "offset", "page", "cursor"] = "none"
    parameter: str | None = Field(default=None, min_length=1)
    size: StrictInt | None = Field(default=None, gt=0)
    size_parameter: str | None = Field(default=None, min_length=1)
    first: StrictInt = Field(default=1, ge=0)
    next: str | None = Field(default=None, min_length=1)
    more: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _keys_of_the_style(self) -> Self:
        needed, possible = _PAGING_KEYS[self.style]
        if useless := self.model_fields_set - {"style"} - needed - possible:
            raise ValueError(f"style {self.style} has no use for {', '.join(sorted(useless))}")
        if missing := sorted(key for key in needed if getattr(self, key) is None):
            raise ValueError(f"style {self.style} needs {', '.join(missing)}")
        if (self.size is None) != (self.size_parameter is None):
            raise ValueError("size and size_parameter go together")
        return self


# style -> keys that it needs, keys that it may have.
_PAGING_KEYS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "none": (frozenset(), frozenset()),
    "next_link": (frozenset(), frozenset({"next", "size", "size_parameter"})),
    "offset": (frozenset({"parameter"}), frozenset({"size", "size_parameter", "more"})),
    "page": (frozenset({"parameter"}), frozenset({"size", "size_parameter", "more", "first"})),
    "cursor": (frozenset({"parameter", "next"}), frozenset({"size", "size_parameter", "more"})),
}


class RestFieldConfig(Model):
    """What the ERP takes in one field of its record; see `shared.erp.base.ErpField`."""

    type: Literal["text", "number", "boolean", "date", "time"] = "text"
    max_length: StrictInt | None = Field(default=None, gt=0)
    creatable: StrictBool = True
    updatable: StrictBool = True
    values: frozenset[StrictStr] | None = Field(default=None, min_length=1)


class RestStatusConfig(Model):
    """The status of the ERP's records; see `shared.erp.base.StatusRules`. writable: all that are readable if None."""

    field: str = Field(min_length=1)
    readable: tuple[StrictStr, ...] = Field(min_length=1)
    writable: frozenset[StrictStr] | None = None
    initial: StrictStr | None = None
    final: frozenset[StrictStr] = frozenset()

    @model_validator(mode="after")
    def _all_are_readable(self) -> Self:
        named = {*(self.writable or ()), *self.final, *([self.initial] if self.initial else [])}
        if unknown := sorted(named - set(self.readable)):
            raise ValueError(f"readable: {', '.join(unknown)} is not there, but named beside it")
        return self


class RestErpConfig(ConnectionConfig):
    """How an ERP with a REST interface is spoken to; paths of URLs are relative to `base_url`, `{id}` is the ERP's id.

    parameters, headers: sent with every request; list_parameters: with every request for a list; update_headers: with
    every update. collection_key, record_key: dotted path of the list in a search answer and of the record in an answer
    about one (None: the answer itself). id_field, reference_field: names in the ERP's record.

    reference_parameter, changed_parameter: the query parameter to search by a reference, and by a time that records
    were changed at or after; or the whole of it with `{reference}` or `{since}` in it
    (`$filter=modifiedon ge {since}`). changed_format: how that time is written; changed_field: where a record has its
    own. paging: how the list comes; without it nothing can be asked that may be long.

    version_header, version_field: where the ERP puts a record's version; updates send it back as `match_header` (both
    None: the ERP has no versions, and an update overwrites what was written since it was read).
    update_sends: `changes` alone, or the whole `record` as it was read with the changes in it (the default of PUT).
    answers: `stored` if the answer to a write shows the record as the ERP stored it; an echo of what was sent looks the
    same, so where that is not known (`unknown`) the record is read once more after each write.
    idempotency_header: tells a create that is sent twice; made from the reference and the day (UTC).
    busy_statuses: with which the ERP refuses what it may accept a moment later (409 where it means "locked", not
    "wrong"); 423, 425, 429, 503 always count so. conflict_statuses: those that mean "changed meanwhile", beside 412.
    error_paths: dotted paths of what an answer says is wrong; all that are there are told, else the answer as it is.
    lengths: what it counts of a text: `characters`, `utf16` code units or `bytes` of UTF-8.
    fields, status: what the ERP's records can hold; mappings are checked against it (None: any name is taken on trust).
    """

    auth: Literal["bearer", "basic", "oauth", "api_key", "none"] = "bearer"
    api_key_header: HeaderName = "X-Api-Key"
    collection_path: Annotated[str, BelowBaseUrl] = "/orders"
    record_path: Annotated[str, Field(pattern=r"\{id\}"), BelowBaseUrl] = "/orders/{id}"
    parameters: dict[str, StrictStr] = Field(default_factory=dict)
    list_parameters: dict[str, StrictStr] = Field(default_factory=dict)
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    update_headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    collection_key: str | None = Field(default="items", min_length=1)
    record_key: str | None = Field(default=None, min_length=1)
    id_field: str = Field(default="id", min_length=1)
    reference_field: str = Field(default="externalReference", min_length=1)
    reference_parameter: str = Field(default="externalReference", min_length=1)
    reference_length: StrictInt = Field(default=40, ge=16)
    changed_parameter: str | None = Field(default=None, min_length=1)
    changed_format: Literal["iso", "epoch_s", "epoch_ms"] = "iso"
    changed_field: str | None = Field(default=None, min_length=1)
    paging: PagingConfig | None = None
    version_header: HeaderName | None = "ETag"
    version_field: str | None = Field(default=None, min_length=1)
    match_header: HeaderName = "If-Match"
    update_method: Literal["PATCH", "PUT", "POST"] = "PATCH"
    update_sends: Literal["changes", "record"] | None = None
    answers: Literal["stored", "unknown"] = "unknown"
    idempotency_header: HeaderName | None = "Idempotency-Key"
    busy_statuses: frozenset[_ClientError] = frozenset()
    conflict_statuses: frozenset[_ClientError] = frozenset()
    error_paths: tuple[StrictStr, ...] = ()
    lengths: Lengths = "characters"
    fields: dict[str, RestFieldConfig] | None = Field(default=None, min_length=1)
    status: RestStatusConfig | None = None

    @property
    def authorization_header(self) -> str:
        """See ConnectionConfig."""
        return self.api_key_header if self.auth == "api_key" else super().authorization_header

    @property
    def sends_whole_record(self) -> bool:
        """Whether an update replaces the record, so that it must carry all of it."""
        return (self.update_sends or ("record" if self.update_method == "PUT" else "changes")) == "record"

    @model_validator(mode="after")
    def _searches_say_where_the_value_goes(self) -> Self:
        for key, place in (("reference_parameter", "{reference}"), ("changed_parameter", "{since}")):
            _, equals, template = (getattr(self, key) or "").partition("=")
            if equals and place not in template:
                raise ValueError(f"{key} must be a parameter's name, or contain {place} after the =")
        if self.changed_parameter is not None and self.paging is None:
            raise ValueError("changed_parameter needs paging: how a long list comes (style: none if always at once)")
        return self

    @model_validator(mode="after")
    def _no_two_answers_to_one_question(self) -> Self:
        if self.version_field is not None and "version_header" in self.model_fields_set and self.version_header:
            raise ValueError("version_header and version_field: a record's version is in one place only")
        if "api_key_header" in self.model_fields_set and self.auth != "api_key":
            raise ValueError(f"api_key_header has no use with auth {self.auth}")
        if both := sorted(self.busy_statuses & self.conflict_statuses):
            raise ValueError(f"{both[0]} is in busy_statuses and in conflict_statuses")
        return self
