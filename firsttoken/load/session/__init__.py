"""A run inside one process: its users, its requests and its journal.

A stage is a target at a level: ramp, settle, measure, hold. In the hold the load continues, unmeasured, until every
request intended in the measure window has ended, so that the last measured streams do not run on an idle server.
"""
