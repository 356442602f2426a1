"""OpenID Connect tokens as Google signs them for push, from a key of our own."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

ISSUER = "https://accounts.google.com"
LIFETIME_S = 3600
# A token is used again until this much of its life is left.
_RENEW_BELOW_S = 600
_CERTIFICATE_LIFE = timedelta(days=3650)


@dataclass(slots=True)
class TokenIssuer:
    """Signs identity tokens (RS256) and publishes the certificates that verify them."""

    key: rsa.RSAPrivateKey
    clock: Callable[[], float] = time.time
    _tokens: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    @property
    def key_id(self) -> str:
        """Name of the key in token headers and in `certificates`."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(public).hexdigest()[:40]

    def token(self, email: str, audience: str) -> str:
        """A token for the service account `email`, valid for at least ten minutes more."""
        now_s = int(self.clock())
        expires_at_s, token = self._tokens.get((email, audience), (0, ""))
        if expires_at_s - now_s < _RENEW_BELOW_S:
            expires_at_s = now_s + LIFETIME_S
            token = self._sign(email, audience, now_s, expires_at_s)
            self._tokens[email, audience] = (expires_at_s, token)
        return token

    def certificates(self) -> dict[str, str]:
        """Key id to X.509 certificate (PEM): the form that `google.oauth2.id_token` reads from a certs URL."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local token issuer")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _CERTIFICATE_LIFE)
            .sign(self.key, hashes.SHA256())
        )
        return {self.key_id: certificate.public_bytes(serialization.Encoding.PEM).decode()}

    def _sign(self, email: str, audience: str, now_s: int, expires_at_s: int) -> str:
        subject = str(int(hashlib.sha256(email.encode()).hexdigest(), 16))[:21]
        claims = {
            "aud": audience,
            "azp": subject,
            "email": email,
            "email_verified": True,
            "exp": expires_at_s,
            "iat": now_s,
            "iss": ISSUER,
            "sub": subject,
        }
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        signer = crypt.RSASigner.from_string(pem, self.key_id)
        token: bytes = jwt.encode(signer, claims)
        return token.decode()


def new_key() -> rsa.RSAPrivateKey:
    """A fresh signing key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_from_file(path: Path) -> rsa.RSAPrivateKey:
    """The signing key in the PEM file `path`, which is written (mode 600) if it does not exist.

    Kept over restarts, so that whoever cached the certificates still trusts the tokens. Raises ValueError if the file
    holds something else.
    """
    if not path.exists():
        pem = new_key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        mine.touch(mode=0o600)
        mine.write_bytes(pem)
        # Of two processes that start at once one wins, and neither reads half a key.
        with suppress(FileExistsError):
            path.hardlink_to(mine)
        mine.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA key")  # noqa: TRY004 - the file is wrong, not the argument
    return key
