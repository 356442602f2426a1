"""Which addresses may stand in the configuration.

Credentials are sent there, so: https unless it is this machine, no user and password in it, and neither a cloud's
metadata server nor what only this machine or its link has. Judged as written: names are not looked up.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple

_IpAddress = IPv4Address | IPv6Address

_URL = re.compile(r"(https?)://([^/]*)(.*)", re.DOTALL)
_HOST = re.compile(r"(\[[^\[\]%]*\]|[^:\[\]]*)(?::(.*))?", re.DOTALL)  # no zone of a link: [fe80::1%eth0]
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# A host whose last part looks so is a number to who connects, in whatever notation (WHATWG URL, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}

# What answers at these gives its own credentials to whoever asks. The others of the kind are link-local.
_METADATA_NAMES = frozenset(
    {
        *("metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"),
        *("metadata.tencentyun.com", "metadata.platformequinix.com", "rancher-metadata"),
    }
)
_METADATA_ADDRESSES: frozenset[_IpAddress] = frozenset(
    {
        IPv4Address("169.254.169.254"),
        IPv4Address("100.100.100.200"),
        IPv4Address("168.63.129.16"),
        IPv4Address("192.0.0.192"),
        IPv6Address("fd20:ce::254"),
        IPv6Address("fd00:ec2::254"),
        IPv6Address("fd00:c1::a9fe:a9fe"),
        IPv6Address("fd00:42::42"),
    }
)
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
# NAT64 (RFC 6052, RFC 8215), SIIT (RFC 2765)
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::ffff:0:0:0/96"))

_METADATA = "must not be a cloud's metadata server: give the address of the system that is meant"
_LINK_LOCAL = "must not be a link-local address: give the one that the system has for other networks"
_NO_MACHINE = "is not the address of a machine: 0.0.0.0, multicast and reserved addresses lead to none"


class Address(NamedTuple):
    """What an http or https URL says, in one form however it is written; `path` is without a slash at the end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Whom a request reaches, whatever it asks for."""
        return self.scheme, self.host, self.port


def checked_address(url: str) -> str:
    """`url` itself. Raises ValueError with the reason, which never quotes it: a password may be in it."""
    parse_address(url)
    return url


def parse_address(url: str) -> Address:
    """The parts of `url`. Raises ValueError if it must not stand in the configuration."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("must be an address such as https://host/path")
    scheme, authority, path = match.groups()
    if "\\" in url or not url.isprintable():
        raise ValueError("must not hold backslashes or characters that cannot be seen")
    if "@" in authority:
        raise ValueError("must not hold a user or a password: credentials belong in a secret")
    parts = _HOST.fullmatch(authority)
    if parts is None:
        raise ValueError("must name one host; an IPv6 address stands in brackets, as in https://[2001:db8::1]/path")
    host, ip = _host(parts[1].lower())
    if scheme == "http" and not (host == "localhost" if ip is None else _is_loopback(ip)):
        raise ValueError("must be https: http is only for this machine (127.0.0.1), as anybody between could read it")
    return Address(scheme, host, _port(parts[2], scheme), path.rstrip("/"))


def checked_path(path: str) -> str:
    """`path` itself. Raises ValueError if it is an address of its own, so that it would not be below `base_url`."""
    if re.match(r"[a-z][a-z0-9+.-]*:/|//", path, re.IGNORECASE) or "\\" in path or not path.isprintable():
        raise ValueError("must be a path below base_url, such as /orders, and not an address of its own")
    return path


def _port(text: str | None, scheme: str) -> int:
    if text is None:
        return _DEFAULT_PORTS[scheme]
    if not (re.fullmatch(r"[0-9]{1,5}", text) and 0 < int(text) < 65536):
        raise ValueError("has a port that is not a number from 1 to 65535")
    return int(text)


def _host(text: str) -> tuple[str, _IpAddress | None]:
    """The host in one form, and as the number that it is, if it is one. Raises ValueError if it is not allowed."""
    host = text.removesuffix(".")
    if not host.isascii():
        raise ValueError("must have its host in ASCII: a name with other letters is written as xn--...")
    ip = _ip(host)
    if ip is not None:
        if reason := _why_not(ip):
            raise ValueError(reason)
        return str(ip), ip
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError("must name a host: letters, digits and -, in parts with dots between them")
    if host in _METADATA_NAMES:
        raise ValueError(_METADATA)
    return host, None


def _ip(host: str) -> _IpAddress | None:
    """None if it is a name."""
    try:
        if host.startswith("["):
            return IPv6Address(host[1:-1])
        return IPv4Address(host) if _NUMBER.fullmatch(host.rpartition(".")[2]) else None
    except AddressValueError:
        raise ValueError(
            "must have an IP address as four decimal numbers without leading zeros (10.0.0.1), or as IPv6 in brackets"
        ) from None


def _is_loopback(ip: _IpAddress) -> bool:
    return ((ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip).is_loopback


def _why_not(ip: _IpAddress) -> str | None:
    """Why this address must not be asked for anything; None if it may."""
    if ip in _METADATA_ADDRESSES:
        return _METADATA
    if isinstance(ip, IPv6Address) and (inner := _inside(ip)) is not None:
        return _why_not(inner)
    if ip.is_link_local:
        return _LINK_LOCAL
    if (
        ip.is_multicast
        or ip.is_unspecified
        or (isinstance(ip, IPv4Address) and (ip.is_reserved or ip in _THIS_NETWORK))
    ):
        return _NO_MACHINE
    return None


def _inside(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one get to: mapped, 6to4, Teredo, NAT64 or, long out of use, compatible."""
    if any(ip in network for network in _TRANSLATED) or 1 < int(ip) < 2**32:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
