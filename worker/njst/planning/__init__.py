"""A participant's own part of a job, derived from the sorted list of participants alone.

Nobody negotiates: all parts together are the whole, to the message, because each participant
splits the same numbers in the same way.
"""

from njst.planning.client_plans import clients_of
from njst.planning.client_slot import There, split

__all__ = ["There", "clients_of", "split"]
