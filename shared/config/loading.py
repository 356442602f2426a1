"""Reads a YAML file into a pydantic model; what is wrong is said with file, line, path and reason."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import ConfigError


class Model(BaseModel):
    """Base of all configuration models: unknown keys are refused, values do not change after loading."""

    # Building a validator is the dear part of importing pydantic models; deferred, only whole files get one.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


M = TypeVar("M", bound=BaseModel)


# The C parser, where PyYAML was built with it, saves tens of milliseconds of every cold start.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_SafeLoader):  # type: ignore[valid-type,misc]  # chosen at run time
    """YAML that refuses a key given twice; plain YAML silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        content: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return content


def config_folder() -> Path:
    """Where this process has its configuration: $CONFIG_DIR, or `config` beside the package `shared`."""
    return Path(os.environ.get("CONFIG_DIR", Path(__file__).resolve().parents[2] / "config"))


def load_model(path: Path, model: type[M]) -> M:
    """The file at `path` as a `model`. Raises ConfigError with every fault found, one a line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error.reason}") from error
    try:
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader by inheritance
    except Exception as error:  # besides YAMLError, whatever its constructors meet in `2026-02-30` or `!!int ""`
        raise ConfigError(f"{path}: is not YAML: {_one_line(str(error))}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        tree = yaml.compose(text, Loader=_StrictLoader)
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
