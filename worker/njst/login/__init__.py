"""TLS and CONNECT options of a connection, and advice for connections that fail.

The raw clients of the load and the nats-py ones share it. It reads files, and opens no connection.
"""
