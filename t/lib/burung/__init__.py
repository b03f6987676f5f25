"""A burungd of one's own, clients that keep notes, and a checker that compares the two."""

from burung.api import Api, Refused, http_request, new_cid
from burung.client import Client, Disconnected
from burung.server import Account, Server, ServerDied

__all__ = [
    "Account",
    "Api",
    "Client",
    "Disconnected",
    "Refused",
    "Server",
    "ServerDied",
    "http_request",
    "new_cid",
]
