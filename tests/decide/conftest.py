"""The studies that these tests read."""

from tests.report.studies import empty_study, study

__all__ = ["empty_study", "study"]
