"""One attempt on the wire: HTTP/1.1, server-sent events, the dialects, and the marks that become a row.

Times are CLOCK_MONOTONIC nanoseconds. An arrival is stamped by the kernel (SO_TIMESTAMPNS) before anything is
decoded. A read with several events has the stamp of the last one, so the first token lies between
`first_token_early_ns` and `first_token_ns`. Where the kernel gives no stamp, the row says `stamp = user`.
"""
