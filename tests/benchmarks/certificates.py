"""A certificate for loopback, and a bundle of authorities that knows who signed it."""

from dataclasses import dataclass
from pathlib import Path

import certifi
import trustme


@dataclass(frozen=True)
class Certificates:
    """Files for the server's side and for the clients'.

    Attributes:
        server: the certificate and its key.
        bundle: all that certifi has, and ours: reading it takes a client what it takes in life.
    """

    server: Path
    bundle: Path


def issue(folder: Path, *hosts: str) -> Certificates:
    """A certificate for the hosts, and what its reader needs, in a folder."""
    authority = trustme.CA()
    server, bundle = folder / "server.pem", folder / "bundle.pem"
    authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(server)
    bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    return Certificates(server, bundle)
