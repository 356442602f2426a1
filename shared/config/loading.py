"""Reads a YAML file into a pydantic model; what is wrong is said with file, line, path and reason."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import ConfigError


class Model(BaseModel):
    """Base of all configuration models: unknown keys are refused, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice; plain YAML silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_model(path: Path, model: type[M]) -> M:
    """The file at `path` as a `model`. Raises ConfigError with every fault found, one a line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error.reason}") from error
    try:
        tree = yaml.compose(text, Loader=_StrictLoader)
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader by inheritance
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {_one_line(str(error))}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [
            f"{path}:{_line_of(tree, fault['loc'])}: {_dotted(fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise ConfigError("\n".join(faults)) from error


def _dotted(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(whole file)"


def _line_of(tree: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The 1-based line of the deepest part of `location` that the file has."""
    node, line = tree, 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            child = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if child is None:
                break
            line, node = child[0].start_mark.line + 1, child[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _one_line(text: str) -> str:
    return " ".join(text.split())
