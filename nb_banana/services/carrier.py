"""`Carrier`: another process that sends an attempt."""

from typing import TYPE_CHECKING, Any, Protocol

from nb_banana.services.aimlapi.responses import Reply

if TYPE_CHECKING:
    from nb_banana.services.service import Service


class Carrier(Protocol):
    """Another way to the service than from this process: see `nb_banana.batch.executors`."""

    def carry(
        self, payload: dict[str, Any], service: "Service", timeout: float, client_request_id: str
    ) -> Reply:
        """Send one attempt and bring its reply. Raises as `attempt`."""
