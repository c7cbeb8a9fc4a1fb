"""A stand-in for the service: real HTTP on loopback, no key, no money, pictures painted here.

Read it in this order and you have followed a request to its picture: `server` (HTTP), `service`
(the API), `validation` and `references` (is the request right?), `trouble` (what should go wrong?),
`catalogue` (what it costs), `ledger` and `logs` (what was charged), `pictures` and `painter`.
"""

from nb_banana.sandbox.server import Sandbox

__all__ = ["Sandbox"]
