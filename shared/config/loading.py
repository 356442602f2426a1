"""Reads a YAML file into a pydantic model; what is wrong is said with file, line, path and reason."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from shared.config.messages import in_words
from shared.errors import ConfigError


class Model(BaseModel):
    """Base of all configuration models: unknown keys are refused, values do not change after loading."""

    # Building a validator is the dear part of importing pydantic models; deferred, only whole files get one.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


M = TypeVar("M", bound=BaseModel)
Location = tuple[int | str, ...]


def fault_at(where: Location, reason: str) -> PydanticCustomError:
    """What a validator raises for a fault deeper in its model: `where` counts from the model's own place."""
    return PydanticCustomError("misplaced", "{reason}", {"reason": reason, "where": where})


# The C parser, where PyYAML was built with it, saves tens of milliseconds of every cold start.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_SafeLoader):  # type: ignore[valid-type,misc]  # chosen at run time
    """YAML that refuses a key given twice (plain YAML silently keeps the last one), and says where it is wrong."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError) as error:  # what constructors meet in `2026-02-30`, `!!int ""`
            raise _wrong(f"{node.value!r} is no {node.tag.rpartition(':')[2]}", node) from error

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Only what everybody reads as that number: YAML would take 0010 for 8, and 12:30 for 750."""
        number: int = super().construct_yaml_int(node)
        if _INTEGER.fullmatch(node.value) is None:
            raise _wrong(f"{node.value} would be read as {number}: put it in quotes", node)
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise _wrong("a key must be a single value", key_node)
            if key in seen:
                raise _wrong(f"key {key!r} is given twice", key_node)
            seen.add(key)
        content: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return content


_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_BOOLEAN = re.compile(r"true|false|True|False|TRUE|FALSE")
_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.construct_yaml_int)
# NO, ON and Y are texts here, as in YAML 1.2: an ERP has codes like these.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag != "tag:yaml.org,2002:bool"]
    for first, forms in _SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOLEAN, list("tTfF"))


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
    except Exception as error:  # besides YAMLError, RecursionError of a file that is nested too deep
        line, reason = _yaml_fault(text, error)
        raise ConfigError(f"{path}:{line}: {_one_line(reason)}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [(_place(fault), in_words(fault)) for fault in error.errors()]
        raise ConfigError("\n".join(locate(path, faults))) from error


def locate(path: Path, faults: Iterable[tuple[Location, str]]) -> list[str]:
    """`file:line: path: reason` of every fault, given as location and reason; the file has been loaded before."""
    tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    return [f"{path}:{_line_of(tree, where)}: {_dotted(where)}: {reason}" for where, reason in faults]


def _place(fault: Mapping[str, Any]) -> Location:
    """Where one of pydantic's `ValidationError.errors()` is: that of its model, and what `fault_at` says beyond it."""
    return (*fault["loc"], *fault.get("ctx", {}).get("where", ()))


def _wrong(reason: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, reason, node.start_mark)


def _yaml_fault(text: str, error: Exception) -> tuple[int, str]:
    """The 1-based line of what is wrong, and what."""
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1, f"is not YAML: {error.reason}"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 1, f"is not YAML: {error}"
    line = error.problem_mark.line + 1
    if isinstance(error, yaml.constructor.ConstructorError):  # YAML, but not of the kind that we take
        return line, str(error.problem)
    begin = f" that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
    context = f"{error.context}{begin}: " if error.context else ""
    return line, f"is not YAML: {context}{error.problem}"


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location) or "(whole file)"


def _line_of(tree: yaml.Node | None, location: Location) -> int:
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
