"""The Locust side of a run: stages, users, retries, the recorder and the health of the instrument."""
