"""Terraform's JSON (`terraform show -json`) as a table of resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Resource:
    """One resource. module_key: the key of the module's instance ("" outside of a module), key: that of its own."""

    address: str
    type: str
    name: str
    module_key: str
    key: str
    values: dict[str, Any]


class Resources:
    """All resources of a plan or a state, data sources left out."""

    def __init__(self, resources: list[Resource]) -> None:
        self._resources = resources

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Resources:
        """From `planned_values` of a plan or `values` of a state."""
        return cls(list(_walk(values["root_module"], "")))

    def of_type(self, type_: str, name: str | None = None) -> list[Resource]:
        """The resources of a type, or those with one name."""
        found = [r for r in self._resources if r.type == type_ and name in (None, r.name)]
        assert found, f"no {type_} {name or ''}"
        return found

    def by_key(self, type_: str, name: str | None = None) -> dict[str, dict[str, Any]]:
        """Values by the key of the resource's, or else of the module's, instance."""
        return {r.key or r.module_key: r.values for r in self.of_type(type_, name)}


def _walk(module: Mapping[str, Any], module_key: str) -> Iterator[Resource]:
    for resource in module.get("resources", []):
        if resource["mode"] == "managed":
            yield Resource(
                resource["address"],
                resource["type"],
                resource["name"],
                module_key,
                str(resource.get("index", "")),
                resource["values"],
            )
    for child in module.get("child_modules", []):
        yield from _walk(child, child["address"].partition('["')[2].removesuffix('"]'))
