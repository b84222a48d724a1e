"""All benchmarks, one table, one JSON file: `make bench`, or `python tests/benchmarks/bench.py --quick`.

Rule: nothing is measured here; each case stands in a file of its own and also runs alone.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import encrypted, endurance, limits, many, memory, simulator_rate, streams
from tests.benchmarks.suite import main

if __name__ == "__main__":
    modules = (streams, encrypted, memory, many, limits, simulator_rate, endurance)
    main([case for module in modules for case in module.CASES])
