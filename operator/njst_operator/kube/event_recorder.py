"""Records Kubernetes Events: they are for people, and nothing depends on them."""

import logging
from dataclasses import dataclass
from typing import Any

from njst_operator.kube.api_transport import KubeError
from njst_operator.kube.kube_client import KubeClient
from njst_operator.kube.kube_event import KubeEvent
from njst_operator.kube.kube_object import KubeObject
from njst_operator.telemetry.operator_metrics import OperatorMetrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EventRecorder:
    """The Events of one replica."""

    kube: KubeClient
    metrics: OperatorMetrics

    async def record(self, about: KubeObject[Any], event: KubeEvent) -> None:
        """Record an Event of a resource; when that fails, it is only logged."""
        try:
            await self.kube.record(about, event)
        except KubeError as error:
            log.warning("%s: no event %s: %s", about.name, event.reason, error)
        else:
            self.metrics.events += 1
