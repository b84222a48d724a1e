"""What HTTP can carry, and which way a connection goes."""
