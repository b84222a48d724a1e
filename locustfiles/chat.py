"""A chat user: asks, reads the whole answer, thinks, asks again.

Where an arrival is a session of several turns (`turns` of [load]) each turn is asked behind all that was said before in
its session; else every question stands alone.
Driven by `firsttoken run SCENARIO`, or by Locust itself: `locust -f locustfiles/chat.py --scenario quickstart`.
"""

from firsttoken.locust import DRAWN, Message, StreamingUser, task

LONGEST = 41
"""Messages of a history at most, that is 20 questions and their answers: then the user begins anew."""


class Chat(StreamingUser):
    def on_start(self) -> None:
        self.history: list[Message] = []

    @task
    def converse(self) -> None:
        answer = self.ask([*self.history, DRAWN])
        goes_on = answer.ok and answer.has_next_turn
        self.history = answer.messages if goes_on and len(self.history) + 2 < LONGEST else []
