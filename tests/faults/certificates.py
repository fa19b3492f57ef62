"""Certificates for the fault server, made anew for each run: a good one, and ones that nobody should take."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.transport import tls_context

PROTOCOL_REFUSED = bytes.fromhex("15 0301 0002 02 46")
"""A fatal alert: the server speaks no version that it was offered."""

TLS_1_1 = bytes.fromhex("16 0302 002a 02 000026 0302") + bytes(32) + bytes.fromhex("00 c013 00")
"""The hello of a server that speaks TLS 1.1, whatever it was offered."""

_DAY = dt.timedelta(days=1)


class Authority:
    """Signs certificates; `trusted` has the gateway take its word, as it takes that of the public ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._signed("Test authority", self._key.public_key(), authority=True)

    @contextmanager
    def trusted(self) -> Iterator[None]:
        tls_context().load_verify_locations(cadata=_pem(self._certificate).decode())
        try:
            yield
        finally:
            tls_context.cache_clear()

    def server(self, host: str = "localhost", *, days: int = 1, itself: bool = False) -> ssl.SSLContext:
        """What a server of `host` shows. days: until it ends, or since. itself: signed by its own key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._signed(host, key.public_key(), days=days, by=key if itself else None)
        file = self._folder / f"{host}.{days}.{itself}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + _pem(made))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        *,
        days: int = 1,
        authority: bool = False,
        by: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        issuer = name if by is not None else "Test authority"
        return (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named(issuer))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * _DAY)
            .not_valid_after(now + days * _DAY)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .sign(by or self._key, hashes.SHA256())
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
