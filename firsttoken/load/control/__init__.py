"""What steers a stage while it runs: phases, counters and stopping rules. Pure."""
