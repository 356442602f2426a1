"""The documents as tests read them: their text, their links, and the commands that they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_OPERATORS = set(";|&<>()")
_ASSIGNMENT = re.compile(r"\w+=")
# Words of the shell itself that stand before a command.
_BEFORE = {"{", "!", "if", "then", "do", "while", "export", "exec"}


@dataclass(frozen=True)
class Document:
    """One Markdown file. name: its path from the root of the checkout."""

    name: str
    text: str

    @property
    def folder(self) -> Path:
        """Where relative links start."""
        return (ROOT / self.name).parent

    @property
    def shell_blocks(self) -> list[str]:
        """The contents of its ```sh blocks, `<what the reader puts there>` as one word."""
        blocks = re.findall(r"^```sh\n(.*?)^```", self.text, re.M | re.S)
        return [re.sub(r"<[a-z ]+>", "PLACEHOLDER", block) for block in blocks]

    @property
    def prose(self) -> str:
        """All but the blocks of code."""
        return re.sub(r"^```.*?^```", "", self.text, flags=re.M | re.S)

    @property
    def inline(self) -> list[str]:
        """The texts between single backticks, outside of blocks."""
        return [" ".join(text.split()) for text in re.findall(r"`([^`]+)`", self.prose)]

    @property
    def anchors(self) -> set[str]:
        """The anchors of its headings, as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.text, re.M)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

    @property
    def links(self) -> list[str]:
        """Where its links lead, those to other servers left out."""
        found = re.findall(r"\]\(([^)\s]+)\)", self.prose)
        return [target for target in found if not re.match(r"https?:|mailto:", target)]


@dataclass(frozen=True)
class Command:
    """One command that a document shows. whole: it can be run as it stands, rather than being named in a sentence."""

    document: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.document}: {' '.join(self.words)}"


def document(name: str) -> Document:
    """The document of this path from the root of the checkout."""
    return Document(name, (ROOT / name).read_text(encoding="utf-8"))


def documents() -> list[Document]:
    """All that people read to install, deploy, operate and change the bundle."""
    names = ["README.md", "CONTRIBUTING.md", "terraform/README.md", "tests/data/README.md"]
    paths = [*(ROOT / name for name in names), *(ROOT / "docs").glob("*.md"), *(ROOT / "local").glob("*/README.md")]
    return [document(str(path.relative_to(ROOT))) for path in sorted(paths)]


def commands() -> list[Command]:
    """Every command of every document: those of the shell blocks, and those that stand in sentences."""
    found = []
    for each in documents():
        for block in each.shell_blocks:
            found += [Command(each.name, words, whole=True) for words in simple_commands(block)]
        found += [Command(each.name, tuple(words), whole=False) for words in map(_named, each.inline) if words]
    return found


def simple_commands(block: str) -> Iterator[tuple[str, ...]]:
    """The single commands of a block of shell: pipes, lists, substitutions and assignments taken apart."""
    for statement in statements(block):
        lexer = shlex.shlex(statement, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        redirected = False
        for word in [*lexer, ";"]:
            if word and set(word) <= _OPERATORS:
                redirected = set(word) <= set("<>")
                if not redirected:
                    if words and word != "()":  # with them it is a definition
                        yield tuple(words)
                    words = []
            elif redirected:
                redirected = False
            elif words or not (word in _BEFORE or _ASSIGNMENT.match(word)):
                words.append(word)


def statements(block: str) -> Iterator[str]:
    """The lines of a block, joined where they end with a backslash or within quotation marks."""
    held = ""
    for line in block.splitlines():
        held += line
        if held.endswith("\\"):
            held = held[:-1]
            continue
        try:
            shlex.split(held, comments=True)
        except ValueError:  # no closing quotation yet
            held += "\n"
            continue
        yield held
        held = ""
    assert not held, f"unfinished: {held}"


def _named(text: str) -> list[str]:
    """The words of an inline text, if it names a command."""
    if not re.match(r"(ops|make|terraform|gcloud|python -m|\.venv/bin/python -m|scripts/[\w-]+\.(sh|py)) ?", text):
        return []
    words = shlex.split(text)
    known = {"ops", "make", "terraform", "gcloud", "python", ".venv/bin/python"}
    return words if words[0] in known or words[0].startswith("scripts/") else []
