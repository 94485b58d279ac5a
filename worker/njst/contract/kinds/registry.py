"""All kinds of workloads. A new kind is a row here, in PLANNERS and in LOAD_KINDS."""

from typing import Any

from njst.contract.kinds.consume import CONSUME
from njst.contract.kinds.core import CORE
from njst.contract.kinds.get import GET
from njst.contract.kinds.key_value import KEY_VALUE
from njst.contract.kinds.kind import Kind
from njst.contract.kinds.management import MANAGEMENT
from njst.contract.kinds.object_store import OBJECT_STORE
from njst.contract.kinds.publish import PUBLISH
from njst.contract.kinds.service import SERVICE

KINDS: dict[str, Kind[Any, Any]] = {
    kind.name: kind
    for kind in (PUBLISH, CONSUME, GET, KEY_VALUE, OBJECT_STORE, MANAGEMENT, CORE, SERVICE)
}
