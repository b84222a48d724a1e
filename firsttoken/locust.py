"""What a locustfile imports: the user to build on, what its requests answer, and Locust's own words for a behaviour.

Rule: it is the only module of ours that a locustfile needs. Importing it adds listeners to Locust's events, which a
scenario needs under `locust -f`, and does nothing else.
"""

from locust import between, constant, task

from firsttoken.load import locust_cli
from firsttoken.load.asking.answer import Answer, TextNotKeptError, Usage
from firsttoken.load.behaviour.streaming_user import RequestFailedError, StreamingUser
from firsttoken.traffic.conversation import DRAWN, Message, MessageError

__all__ = [
    "DRAWN",
    "Answer",
    "Message",
    "MessageError",
    "RequestFailedError",
    "StreamingUser",
    "TextNotKeptError",
    "Usage",
    "between",
    "constant",
    "task",
]

locust_cli.install()
