"""The face of locustfiles: what it names, and that it hides nothing of Locust's own."""

import json
import subprocess
import sys

PROGRAM = """
import json, locust, firsttoken.locust as face
from locust.argument_parser import get_parser
missing = [name for name in face.__all__ if not hasattr(face, name)]
options = [option for action in get_parser()._actions for option in action.option_strings]
own = [name for name in vars(face) if not name.startswith("_") and name not in face.__all__]
print(json.dumps([missing, "--scenario" in options, face.task is locust.task, sorted(own)]))
"""


def test_it_has_what_it_names_and_adds_its_options_to_locusts() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    missing, has_option, is_locusts, others = json.loads(done.stdout)

    assert (missing, has_option, is_locusts) == ([], True, True)
    assert others == ["locust_cli"]
