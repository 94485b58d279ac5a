"""The NATS client protocol without I/O: bytes in, frames out; frames in, bytes out.

Source: NATS client protocol, docs.nats.io/reference/reference-protocols/nats-protocol.
"""
