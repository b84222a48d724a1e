"""From rows to numbers: attempts, requests, latencies, rates, costs. Pure."""
