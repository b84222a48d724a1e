"""A chat user in a process that freezes: every two seconds, at some moment, it computes for 50 ms and hears nothing.

Rule: this is the fault that CLIENT_LIMITED has to see; the benchmarks drive it, no scenario does.
"""

import random
import time

import gevent
from locust import task

from firsttoken.locust import StreamingUser

PERIOD_S, FROZEN_S = 2.0, 0.05


def freeze_now_and_then() -> None:
    """Hold the hub for FROZEN_S once in each PERIOD_S, for ever."""
    draw = random.Random(7)
    while True:
        rest_s = draw.uniform(0.1, PERIOD_S - 0.1)
        gevent.sleep(rest_s)
        until_s = time.perf_counter() + FROZEN_S
        while time.perf_counter() < until_s:
            pass
        gevent.sleep(PERIOD_S - rest_s)


gevent.spawn(freeze_now_and_then)


class FrozenChat(StreamingUser):
    @task
    def converse(self) -> None:
        self.ask()
