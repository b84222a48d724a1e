"""Tests of the simulator: its timing by a handed-in clock, its bytes, its process as the openai package sees it."""
