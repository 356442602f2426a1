"""HTTP to what runs on this machine: past the shell's proxies, and without certificates, which take 20 ms to read."""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import httpx


def client(**options: Any) -> httpx.Client:
    """A client with httpx's options."""
    return httpx.Client(trust_env=False, verify=trust_nobody(), **options)


def get(url: str, **options: Any) -> httpx.Response:
    """httpx.get."""
    return httpx.get(url, trust_env=False, verify=trust_nobody(), **options)


def post(url: str, **options: Any) -> httpx.Response:
    """httpx.post."""
    return httpx.post(url, trust_env=False, verify=trust_nobody(), **options)


def patch(url: str, **options: Any) -> httpx.Response:
    """httpx.patch."""
    return httpx.patch(url, trust_env=False, verify=trust_nobody(), **options)


def put(url: str, **options: Any) -> httpx.Response:
    """httpx.put."""
    return httpx.put(url, trust_env=False, verify=trust_nobody(), **options)


def delete(url: str, **options: Any) -> httpx.Response:
    """httpx.delete."""
    return httpx.delete(url, trust_env=False, verify=trust_nobody(), **options)


@cache
def trust_nobody() -> ssl.SSLContext:
    """Certificates of nobody, so https:// fails."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
