"""What the operator costs and how quick it is, on a real API server and NATS with a fake worker.

The fake worker publishes the events of a real one and makes no load, so the operator alone is
measured.
"""
