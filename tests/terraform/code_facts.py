"""What a function's code needs of its surroundings, read off the code itself.

A definition is a function, class or assignment at the top of a module of shared/ or functions/. From a function's entry
point the definitions that it can reach by name are followed, through imports wherever they stand; annotations do not
count. That is more than what runs (a whole class is reached at once), never less, unless code finds a name by other
means.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Name = tuple[str, str]
"""A module and a name at its top, ("shared.topics", "EVENTS")."""


@dataclass(frozen=True)
class Reached:
    """Everything that one function can reach.

    names: definitions. references: which module refers to which definition. environment: variables that are read.
    attributes: attributes that are read, outside of the classes of shared.config that declare them.
    """

    names: frozenset[Name]
    references: frozenset[tuple[str, Name]]
    environment: frozenset[str]
    attributes: frozenset[str]


@dataclass
class _Module:
    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    statements: list[ast.AST] = field(default_factory=list)
    imports: dict[str, Name] = field(default_factory=dict)


class Code:
    """The modules under shared/ and functions/ of `root`."""

    def __init__(self, root: Path) -> None:
        self._modules: dict[str, _Module] = {}
        for folder in ("shared", "functions"):
            for path in sorted((root / folder).rglob("*.py")):
                parts = path.relative_to(root).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                self._modules[name] = _parse(path.read_text(encoding="utf-8"))

    def functions(self) -> list[str]:
        """Folder names under functions/."""
        return sorted(name.split(".")[1] for name in self._modules if name.startswith("functions."))

    def entry_points(self, function: str) -> set[str]:
        """Names of the Python functions at the top of its main.py."""
        definitions = self._modules[f"functions.{function}.main"].definitions
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return {name for name, nodes in definitions.items() if isinstance(nodes[-1], kinds)}

    def reached_by(self, function: str) -> Reached:
        """What the function of this folder can reach."""
        start = (f"functions.{function}.main", function)
        seen: set[Name] = set()
        modules: set[str] = set()
        nodes: list[tuple[str, ast.AST]] = []
        references: set[tuple[str, Name]] = set()
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            module = self._modules[name[0]]
            found = [(name[0], node) for node in module.definitions[name[1]]]
            if name[0] not in modules:  # what stands outside of definitions runs at import
                modules.add(name[0])
                found += [(name[0], node) for node in module.statements]
            nodes += found
            for where, node in found:
                for referred in self._references(where, node):
                    references.add((where, referred))
                    waiting.append(referred)
        outside_config = [node for where, node in nodes if not where.startswith("shared.config")]
        return Reached(
            frozenset(seen),
            frozenset(references),
            frozenset(variable for _, node in nodes for variable in _environment(node)),
            frozenset(part.attr for node in outside_config for part in _code(node) if isinstance(part, ast.Attribute)),
        )

    def _references(self, where: str, node: ast.AST) -> Iterator[Name]:
        for part in _code(node):
            if isinstance(part, ast.Name):
                yield from self._resolve((where, part.id))
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                base = self._modules[where].imports.get(part.value.id)
                if base is not None and ".".join(base) in self._modules:  # `from shared.state import documents`
                    yield from self._resolve((".".join(base), part.attr))

    def _resolve(self, name: Name) -> Iterator[Name]:
        """The definition that a name means, through imports and re-exports; none if it is not of ours."""
        module = self._modules.get(name[0])
        if module is None:
            return
        if name[1] in module.definitions:
            yield name
        elif name[1] in module.imports:
            yield from self._resolve(module.imports[name[1]])


def _parse(source: str) -> _Module:
    tree = ast.parse(source)
    module = _Module()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                module.imports[alias.asname or alias.name] = (node.module, alias.name)
    for node in tree.body:
        for name in _defined(node):
            module.definitions.setdefault(name, []).append(node)
        if isinstance(node, ast.Expr | ast.If | ast.Try | ast.For | ast.With):
            module.statements.append(node)
    return module


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it, without annotations."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _code(child)


def _environment(node: ast.AST) -> Iterator[str]:
    """Names read as os.environ["X"], os.environ.get("X") or os.getenv("X")."""
    for part in _code(node):
        key: ast.AST | None = None
        if isinstance(part, ast.Subscript) and ast.unparse(part.value) == "os.environ":
            key = part.slice
        elif isinstance(part, ast.Call) and ast.unparse(part.func) in ("os.environ.get", "os.getenv"):
            key = part.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value
