"""A chat user: asks, reads the whole answer, thinks, asks again.

Driven by `firsttoken run SCENARIO`, or by Locust itself: `locust -f locustfiles/chat.py --scenario quickstart`.
"""

from locust import task

from firsttoken.load.users import StreamingUser


class Chat(StreamingUser):
    @task
    def converse(self) -> None:
        self.ask()
