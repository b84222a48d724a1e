"""What a locustfile imports: the user to build on, with which plain Locust too drives a scenario.

Rule: importing it hangs what a scenario needs on Locust's own events, and does nothing else.
"""

from __future__ import annotations

from firsttoken.load import locust_cli as plain
from firsttoken.load.session.streaming_user import RequestFailedError as RequestFailedError
from firsttoken.load.session.streaming_user import StreamingUser as StreamingUser

plain.install()
