"""A stand-in for the service: real HTTP on loopback, no key, no money, pictures painted here.

Read it in this order and you have followed a request to its picture: `server` (HTTP), `api` (what
it answers), `validation` and `references` (is the request right?), `faults` (what should go
wrong?), `catalogue` (what it costs), `ledger` and `logs` (what was charged), `picture_store` and
`painter`.
"""

from nb_banana.sandbox.server import Sandbox

__all__ = ["Sandbox"]
