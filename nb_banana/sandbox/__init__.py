"""A stand-in for the service: real HTTP on loopback, no key, no money, pictures painted here.

A request goes through `server` (HTTP), `api` (what is answered, in the words of `exchange`),
`validation` (is it right?), `faults` (what should go wrong?), `catalogue` and `ledger` (what it
costs, what was charged), `picture_store` and `painter`.
"""

from nb_banana.sandbox.server import Sandbox

__all__ = ["Sandbox"]
