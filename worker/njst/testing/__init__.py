"""Fakes for tests of code that uses njst: a job log, members, a clock, and an event loop.

`MemoryLog`, `FakeMembers` and `FakeClock` stand in for the control NATS; `run` runs a program in
virtual time. No other part of njst imports this package.
"""
