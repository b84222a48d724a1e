"""The APIs that the simulator speaks, one file each."""
