"""Real servers as child processes of this one, for `njst dev`, the demo, tests and benchmarks.

Everything here blocks for a bounded time; call it from asyncio with `asyncio.to_thread`.
"""
