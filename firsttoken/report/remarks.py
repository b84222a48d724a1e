"""What page one says of the run as a whole, beside what it says of each target: who else ran, and what is in no figure.

Rule: a count is shown with its effect on the results.
"""

from collections.abc import Iterator

from firsttoken.decide.study import Study
from firsttoken.report.sentences import join_words


def list_run_remarks(study: Study) -> Iterator[str]:
    """The remarks on the run, most decisive first."""
    aside = study.run.set_aside("TRUE")
    if aside:
        count = sum(aside.values())
        rows = "1 row is" if count == 1 else f"{count:,} rows are"
        yield f"{rows} impossible, set aside and in no result: {', '.join(aside)}."
    manifest = study.run.manifest
    if manifest.others:
        who = join_words([f"{name} ({count:,})" for name, count in manifest.others.items()])
        failed = f", {manifest.others_failures:,} failed" if manifest.others_failures else ""
        requests = f"Their requests (about {manifest.others_requests:,}{failed}) are in no result."
        yield f"Users of other classes ran too: {who}. {requests}"
