"""FirstToken: load tests and latency profiles for streaming language-model APIs."""

from firsttoken import old_paths

__version__ = "0.1.0"

old_paths.install()
