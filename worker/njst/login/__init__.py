"""From a connection's settings to TLS and CONNECT options, and from a refusal to what to do.

Both the raw load clients and the nats-py ones stand on it. It reads files; it opens no connection.
"""
