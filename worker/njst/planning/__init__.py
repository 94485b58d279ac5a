"""A participant's share of a job, derived from the sorted list of participants alone.

Participants do not negotiate: each splits the same numbers in the same way, so that the shares add
up to the whole job, to the message.
"""
