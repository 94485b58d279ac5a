"""What the operator costs and how quick it is: on a real API server and NATS, with a paper worker.

It answers and takes part as a real worker does and makes no load, so that all that is measured is
the operator's.
"""
