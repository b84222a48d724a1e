"""What libraries say stays off the user's terminal: Python warnings, and log lines that the user did not ask for.

Rule: only the process of a command is silenced, once, as it starts; `-W` and PYTHONWARNINGS bring the warnings back.
What a user's own file should change is shown in any case.
"""

import logging
import sys
import warnings

from firsttoken.old_paths import show_warnings


def silence_libraries() -> None:
    """Show no warning of any library, and no log line without a handler."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    show_warnings()
    logging.getLogger().addHandler(logging.NullHandler())
