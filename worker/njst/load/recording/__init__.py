"""What is recorded of the load: counts, latencies, receipts, errors."""
