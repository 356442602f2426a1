"""Reads a YAML file into a pydantic model; what is wrong is said with file, line, path and reason."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from shared.config.messages import in_words
from shared.errors import ConfigError

Location = tuple[int | str, ...]


class Fault(NamedTuple):
    """What is wrong at a place of a file. beside: a second place that it has to do with; `{line}` means its line."""

    where: Location
    reason: str
    beside: Location | None = None


class Model(BaseModel):
    """Base of all configuration models: unknown keys are refused, values do not change after loading."""

    # Building a validator is the dear part of importing pydantic models; deferred, only whole files get one.
    # Input is hidden because an error may end in a log with its causes, and a password may be in what was refused.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)

    @classmethod
    def clashes(cls, content: object) -> Iterable[Fault]:  # noqa: ARG003  # for those that override it
        """What two parts of a whole file must not both say; `content` is the file's, whatever else is wrong in it."""
        return ()


M = TypeVar("M", bound=Model)


def fault_at(where: Location, reason: str, beside: Location | None = None) -> PydanticCustomError:
    """What a validator raises for a `Fault` deeper in its model: places count from the model's own."""
    return PydanticCustomError("misplaced", "{reason}", {"reason": reason, "where": where, "beside": beside})


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
    clashes = list(model.clashes(content))
    try:
        loaded = model.model_validate(content)
    except ValidationError as error:
        faults = [_fault(found) for found in error.errors()]
        raise ConfigError("\n".join(locate(path, faults + clashes))) from error
    if clashes:
        raise ConfigError("\n".join(locate(path, clashes)))
    return loaded


def locate(path: Path, faults: Iterable[Fault | tuple[Location, str]]) -> list[str]:
    """`file:line: path: reason` of every fault; the file has been loaded before."""
    tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
    return [_located(path, tree, Fault(*fault)) for fault in faults]


def _located(path: Path, tree: yaml.Node | None, fault: Fault) -> str:
    line, reason = _line_of(tree, fault.where), fault.reason
    if fault.beside is not None:
        line = _line_of(tree, fault.where, through_aliases=False)
        reason = reason.replace("{line}", str(_line_of(tree, fault.beside, through_aliases=False)))
    return f"{path}:{line}: {_dotted(fault.where)}: {reason}"


def _fault(found: Mapping[str, Any]) -> Fault:
    """One of pydantic's `ValidationError.errors()`: its model's place, and what `fault_at` says beyond it."""
    context = found.get("ctx", {})
    beside = context.get("beside")
    return Fault(
        (*found["loc"], *context.get("where", ())),
        in_words(found),
        None if beside is None else (*found["loc"], *beside),
    )


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


def _line_of(tree: yaml.Node | None, location: Location, *, through_aliases: bool = True) -> int:
    """The 1-based line of the deepest part of `location` that the file has.

    Of what stands there as an alias (`*name`) that is a line where it was first written, as a mistake must be mended
    there; without through_aliases, the one where it is used.
    """
    node, line = tree, 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            child = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if child is None:
                break
            line, inner, earlier = child[0].start_mark.line + 1, child[1], [child[0]]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            inner, earlier = node.value[part], node.value[:part]
        else:
            break
        if not through_aliases and _is_alias(inner, node, earlier):
            break
        if isinstance(node, yaml.SequenceNode):
            line = inner.start_mark.line + 1
        node = inner
    return line


def _is_alias(node: yaml.Node, parent: yaml.Node, earlier: Iterable[yaml.Node]) -> bool:
    """Whether it was written before the place where it is: before its parent, or in what comes earlier there."""
    begin = node.start_mark.index
    return bool(begin < parent.start_mark.index or any(begin < other.end_mark.index for other in earlier))


def _one_line(text: str) -> str:
    return " ".join(text.split())
