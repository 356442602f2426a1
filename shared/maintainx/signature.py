"""The signature on MaintainX webhooks, made and checked.

A delivery carries `t=<seconds>,v1=<hex>` twice: in BODY_SIGNATURE_HEADER over the raw body, in URI_SIGNATURE_HEADER
over the URI of the subscription. The hex is HMAC-SHA256(key = the whole secret string, `<t>` + "." + message), in
lower case.
Source: MaintainX REST API v1, "Subscriptions & Webhooks", securing webhooks.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence

from shared.errors import PermanentError

BODY_SIGNATURE_HEADER = "x-maintainx-webhook-body-signature"
URI_SIGNATURE_HEADER = "x-maintainx-webhook-uri-signature"
TOLERANCE_S = 300.0

_FIRST_MILLISECOND_TIMESTAMP = 10**12  # as seconds that is the year 33658
_TIMESTAMP = re.compile(r"[0-9]{1,16}")
_LOWER_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
# The form that MaintainX writes, taken in one step; any other that the rules allow is taken apart.
_USUAL = re.compile(r"t=([0-9]{1,16}),v1=([0-9a-f]{64})")


class SignatureError(PermanentError):
    """The delivery is not proven to come from MaintainX. `reason` is for our log, never for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"signature refused: {reason}")
        self.reason = reason


def verify(
    header: str | None, message: bytes, secrets: Sequence[str], *, now_s: float, tolerance_s: float = TOLERANCE_S
) -> None:
    """Return if `header` signs `message` (raw bytes as received) with one of `secrets`; else raise SignatureError.

    now_s: seconds since 1970; a timestamp further away than `tolerance_s`, past or future, is refused. MaintainX does
    not document the unit of `t`: seconds are seen in practice, milliseconds are understood too. Several `v1` elements:
    any may match. Upper-case hex is refused, since MaintainX writes lower case. No secret at all refuses everything.
    """
    timestamp, signatures = _parse(header)
    signed_at_s = int(timestamp)
    age_s = now_s - (signed_at_s / 1000 if signed_at_s >= _FIRST_MILLISECOND_TIMESTAMP else signed_at_s)
    if not abs(age_s) <= tolerance_s:
        raise SignatureError(f"timestamp is {age_s:.0f} s old, tolerance {tolerance_s:.0f} s")
    keys = [secret.encode() for secret in secrets if secret]
    if not keys:
        raise SignatureError("no secret is configured")
    matches = 0
    for key in keys:  # all of them, whatever matched before: the time taken tells nothing about the secrets
        expected = _hex_hmac(key, timestamp, message)
        for signature in signatures:
            matches += hmac.compare_digest(expected, signature)
    if not matches:
        raise SignatureError(f"no match among {len(signatures)} signature(s) and {len(keys)} secret(s)")


def sign(message: bytes, secret: str, t: int) -> str:
    """The header value for `message` signed at `t` (seconds since 1970)."""
    return f"t={t},v1={_hex_hmac(secret.encode(), str(t), message)}"


def _parse(header: str | None) -> tuple[str, list[str]]:
    """Timestamp text and well-formed `v1` signatures; all of one length, so that comparing them is constant in time."""
    if not header:
        raise SignatureError("header is missing or empty")
    if usual := _USUAL.fullmatch(header):
        return usual[1], [usual[2]]
    timestamps: list[str] = []
    signatures: list[str] = []
    for element in header.split(","):
        name, _, value = element.strip(" ").partition("=")
        if name == "t":
            timestamps.append(value)
        elif name == "v1":
            signatures.append(value)
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise SignatureError("header has not exactly one numeric t")
    well_formed = [signature for signature in signatures if _LOWER_HEX_SHA256.fullmatch(signature)]
    if not well_formed:
        raise SignatureError("header has no v1 of 64 lower-case hex digits")
    return timestamps[0], well_formed


def _hex_hmac(key: bytes, timestamp: str, message: bytes) -> str:
    return hmac.digest(key, timestamp.encode() + b"." + message, "sha256").hex()
