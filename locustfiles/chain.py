"""An agent of two steps: has a plan made, then has its first step done, which is asked with the plan's own words.

The rows of its two kinds of requests have names, `plan` and `step`.
Driven by `firsttoken run SCENARIO`, or by Locust itself: `locust -f locustfiles/chain.py --scenario NAME`.
"""

from firsttoken.locust import DRAWN, StreamingUser, task

PLANNER = {
    "role": "system",
    "content": "Write a numbered plan of at most five steps for the task. Do none of them yet.",
}


class Agent(StreamingUser):
    @task
    def plan_and_do(self) -> None:
        plan = self.ask([PLANNER, DRAWN], name="plan")
        if plan.ok and plan.text:
            self.ask(f"Do step 1 of this plan, in full:\n\n{plan.text}", name="step")
