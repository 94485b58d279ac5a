"""Sockets: dialling, TLS, websockets, reconnects, keepalive."""
