"""How users behave: locustfiles, the user they build on, and Locust around it."""
