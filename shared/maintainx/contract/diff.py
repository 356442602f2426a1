"""What a newer contract breaks of what is used, and what it merely adds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.maintainx.contract.schema import Field, container
from shared.maintainx.contract.summary import Summary


@dataclass(frozen=True, slots=True)
class Change:
    """breaks: something that the bundle uses no longer is as it was. where: an operation or a table of it."""

    breaks: bool
    where: str
    field: str
    what: str


def compare(old: Summary, new: Summary) -> list[Change]:
    """Changes from `old` to `new`, those that break something first. Empty: for this bundle they are the same."""
    return sorted(_changes(old, new), key=lambda change: (not change.breaks, change.where, change.field))


def _changes(old: Summary, new: Summary) -> Iterator[Change]:
    for name in old.operations:
        if name not in new.operations:
            yield Change(True, name, "", "the operation is gone")
    for name in new.operations:
        if name not in old.operations:
            yield Change(False, name, "", "the operation is new here: the summary is older than the code")
    for name in new.tables.keys() - old.tables.keys():
        if name.startswith("webhook "):
            yield Change(False, name, "", "a new webhook type")
    for name, table in old.tables.items():
        operation = name.rpartition(" ")[0]
        if name.startswith("webhook "):
            if name not in new.tables:
                yield Change(True, name, "", "the webhook type is gone")
                continue
        elif operation not in new.operations:
            continue
        yield from _field_changes(name, table, new.tables.get(name, {}))
    for name in new.tables.keys() - old.tables.keys():
        if name.rpartition(" ")[0] in old.operations:
            yield from _field_changes(name, {}, new.tables[name])


def _field_changes(where: str, old: dict[str, Field], new: dict[str, Field]) -> Iterator[Change]:
    to_vendor = where.endswith((" query", " request"))
    for path, was in old.items():
        now = new.get(path)
        if now is None:
            yield Change(True, where, path, "is gone")
        else:
            yield from (Change(breaks, where, path, what) for breaks, what in _differences(was, now, to_vendor))
    known = {"", *old, *(container(path) for path in old)}
    for path, now in new.items():
        if path not in old:
            # Inside something that is new itself, and so not sent, nothing can be missed.
            missed = to_vendor and now.required and container(path) in known
            yield Change(missed, where, path, "is new and required" if missed else "is new")


def _differences(was: Field, now: Field, to_vendor: bool) -> Iterator[tuple[bool, str]]:
    """What we send must still be allowed; what we read is read tolerantly, but must still be what it was."""
    if was.type != now.type:
        yield True, f"was {was.type}, is {now.type}"
    gone = [value for value in was.enum if value not in now.enum] if now.enum else []
    if gone:
        yield True, f"no longer knows {', '.join(gone)}"
    added = [value for value in now.enum if value not in was.enum]
    if added:
        yield to_vendor and not was.enum, f"also knows {', '.join(added)}"
    if was.required != now.required:
        yield to_vendor and now.required, "is now required" if now.required else "is no longer required"
    if was.nullable != now.nullable:
        yield to_vendor and was.nullable, "may now be null" if now.nullable else "may no longer be null"
