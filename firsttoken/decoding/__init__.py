"""Bytes into typed values, strictly: what does not fit is refused with one sentence."""
