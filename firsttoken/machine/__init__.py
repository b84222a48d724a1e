"""This host: its limits, its calibration, and whether it is ready for a run."""
