"""What libraries say stays off the user's terminal: Python warnings, and log lines that nobody asked for.

Rule: only the process of a command is silenced, once, as it starts; `-W` and PYTHONWARNINGS bring the warnings back.
"""

from __future__ import annotations

import logging
import sys
import warnings


def silence_libraries() -> None:
    """Show no warning of any library, and no log line that has no handler of its own."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logging.getLogger().addHandler(logging.NullHandler())
