"""One attempt on the wire: HTTP/1.1, server-sent events, the dialects, and the marks that become a row."""
