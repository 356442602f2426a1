"""What we made, remembered as JSON in one secret a site, beside the signing secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from shared.canonical import canonical_json
from shared.config.names import ledger_secret
from shared.errors import ConfigError
from shared.events import format_utc
from shared.maintainx.subscriptions.model import Remembered
from shared.secret_versions import SecretVersions

# Only the newest is ever read; some more, to look up what was, and because one version costs cents.
_VERSIONS_KEPT = 20


@dataclass(frozen=True)
class _Content:
    subscriptions: tuple[Remembered, ...]


_CONTENT = TypeAdapter(_Content)
_EMPTY = '{"subscriptions":[]}'


class Ledger:
    """The remembered subscriptions of one site. One writer at a time; the caller sees to that."""

    def __init__(self, site: str, versions: SecretVersions) -> None:
        self._name = ledger_secret(site)
        self._versions = versions

    def load(self) -> tuple[Remembered, ...]:
        """What was saved last. Raises ConfigError if it is not ours, and what SecretVersions raises."""
        text = self._versions.newest(self._name)
        if text is None:
            return ()
        try:
            return _CONTENT.validate_json(text).subscriptions
        except ValidationError as error:
            raise ConfigError(
                f"secret {self._name} is not our list of subscriptions but {_other(error)}. Only `ops subscriptions` "
                f"writes it, nobody by hand: add its last version that was a list again, or {_EMPTY} if there is none "
                '(docs/subscriptions.md, "When something is wrong")'
            ) from None  # its words would quote the text, which may be a credential

    def save(self, remembered: Iterable[Remembered]) -> None:
        """Replace what is remembered. Raises as SecretVersions does."""
        rows = [{key: _json(value) for key, value in dataclasses.asdict(entry).items()} for entry in remembered]
        self._versions.add(self._name, canonical_json({"subscriptions": rows}), keep=_VERSIONS_KEPT)


def _other(error: ValidationError) -> str:
    """What the text is instead, without quoting it."""
    places = [".".join(map(str, fault["loc"])) for fault in error.errors()]
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return "other text, which is no JSON"
    return f"JSON of another form{', at ' if any(places) else ''}{', '.join(places)}"


def _json(value: object) -> object:
    return format_utc(value) if isinstance(value, datetime) else value
