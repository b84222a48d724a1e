"""Many load processes: the master, its workers, and what they send each other.

Locust's master and worker carry the messages. A message is state, not an event: a second copy changes nothing, and a
lost one is sent again a moment later. Every worker knows the whole schedule and sends its own share, so eight workers
send at the same times as one. The length of the master's file acknowledges a worker's rows: batches may be lost,
doubled or late, and the file is always a beginning of the worker's.
"""
