"""Users of classes that are not ours, who run beside ours: that they ran, and what Locust counted of them.

Rule: nothing of theirs is a row or a result; the manifest has how many there were.
"""

from locust.env import Environment
from locust.runners import MasterRunner

from firsttoken.load.behaviour.dispatch import find_others
from firsttoken.load.behaviour.streaming_user import REQUEST_TYPE
from firsttoken.row import Manifest


def record_others(environment: Environment, manifest: Manifest) -> None:
    """Note in the manifest whenever Locust has started users how many of other classes live."""

    def record(**_counts: object) -> None:
        runner = environment.runner
        if runner is None:
            return
        living = runner.user_classes_count
        if isinstance(runner, MasterRunner):
            living = runner.reported_user_classes_count
        for each in find_others(environment.user_classes):
            name = each.__name__
            manifest.others[name] = max(manifest.others.get(name, 0), living.get(name, 0))

    environment.events.spawning_complete.add_listener(record)


def count_requests_of_others(environment: Environment, manifest: Manifest) -> None:
    """Add what Locust has counted of requests that are not ours."""
    theirs = [entry for entry in environment.stats.entries.values() if entry.method != REQUEST_TYPE]
    manifest.others_requests += sum(entry.num_requests for entry in theirs)
    manifest.others_failures += sum(entry.num_failures for entry in theirs)
