"""Clients of key-value buckets."""
