"""FirstToken: load tests and latency profiles for streaming language-model APIs."""

__version__ = "0.1.0"
