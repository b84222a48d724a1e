"""A developer in an editor: short prompts, a line or two of answer, nothing of it read before the next keystroke.

[traffic] says how much code stands before the cursor (`input_tokens = 60`, or `prompts` with code of your own).
Driven by `firsttoken run SCENARIO`, or by Locust itself: `locust -f locustfiles/completion.py --scenario NAME`.
"""

from firsttoken.locust import DRAWN, StreamingUser, task

LONGEST_TOKENS = 24
INSTRUCTION = {
    "role": "system",
    "content": "Complete the text at its end. Answer with what comes next, and nothing else.",
}


class Editor(StreamingUser):
    keep_text = False  # the fast path: what an editor would show is not looked at here

    @task
    def complete(self) -> None:
        self.ask([INSTRUCTION, DRAWN], max_tokens=LONGEST_TOKENS, name="completion")
