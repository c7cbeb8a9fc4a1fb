"""Kernels as another day would have them, and a picture from one service whatever the settings."""

from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from nb_banana import _default
from nb_banana._client import Client
from nb_banana.credentials import CredentialStore, Secret, default_store
from nb_banana.generation import pipeline
from nb_banana.generation.options import DEFAULT_OUTPUT
from nb_banana.generation.plan import Job, Plan
from nb_banana.settings import Banana

_clients = {}


def started_kernel(**options):
    """A kernel of its own and its client; once more where somebody else took one of its ports."""
    try:
        return start_new_kernel(startup_timeout=30, **options)
    except RuntimeError:
        return start_new_kernel(**options)


class NotebookRunner(NotebookClient):
    """Runs a notebook; its kernel too is started once more where a port was taken.

    What a cell has put out is waited for: else the client leaves it behind after 4 s.
    """

    def __init__(self, notebook, **options):
        super().__init__(notebook, **{"iopub_timeout": 60} | options)

    async def async_start_new_kernel(self, **options):
        self._options = options
        await super().async_start_new_kernel(**options)

    async def async_start_new_kernel_client(self):
        try:
            return await super().async_start_new_kernel_client()
        except RuntimeError:
            self.km = self.create_kernel_manager()
            await self.async_start_new_kernel(**self._options)
            return await super().async_start_new_kernel_client()


def another_kernel():
    """Close the clients that there are. The next call makes others, with the same settings."""
    for each in (*_default._client, *_clients.values()):
        each.close()
    _default._client.clear()
    _clients.clear()
    default_store.forgotten.clear()


def client_at(service):
    """The client of a service: the same for the same address, key and timeout."""
    place = service.base_url, service.secret, service.timeout
    if place not in _clients:
        settings = Banana(base_url=service.base_url, timeout=service.timeout)
        key = service.secret or (None if service.is_loopback else Secret("a-key-of-nobody-0"))
        _clients[place] = Client.of(settings, CredentialStore(service.base_url, key))
    return _clients[place]


def make(request, output=DEFAULT_OUTPUT, *, service):
    """One picture from a service."""
    job = Job(request, output)
    return pipeline.make(Plan(client_at(service).context, [job], is_many=False), job)
