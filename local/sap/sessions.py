"""Security sessions: a cookie and the CSRF token that is worth something only together with it."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sessions:
    """The sessions of one tenant: cookie -> (user, token). Sessions end when a control call says so."""

    _open: dict[str, tuple[str, str]] = field(default_factory=dict)

    def token(self, cookie: str | None, user: str) -> tuple[str, str | None]:
        """The user's CSRF token, and the cookie of a new session if `cookie` is that of none."""
        if cookie is not None and self._open.get(cookie, ("", ""))[0] == user:
            return self._open[cookie][1], None
        made, token = secrets.token_urlsafe(24), secrets.token_urlsafe(16)
        self._open[made] = (user, token)
        return token, made

    def holds(self, cookie: str | None, user: str, token: str | None) -> bool:
        """Whether `token` is that of the user's session `cookie`."""
        owner, wanted = self._open.get(cookie or "", ("", ""))
        return bool(wanted) and owner == user and hmac.compare_digest(wanted.encode(), (token or "").encode())

    def expire(self) -> None:
        """End all sessions."""
        self._open.clear()
