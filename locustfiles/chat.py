"""A chat user: asks, reads the whole answer, thinks, asks again.

Driven by `firsttoken run SCENARIO`, or by Locust itself: `locust -f locustfiles/chat.py --scenario quickstart`.
"""

from firsttoken.locust import StreamingUser, task


class Chat(StreamingUser):
    @task
    def converse(self) -> None:
        self.ask()
