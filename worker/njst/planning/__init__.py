"""A participant's own part of a job, derived from the sorted list of participants alone.

Nobody negotiates: all parts together are the whole, to the message, because each participant
splits the same numbers in the same way.
"""
