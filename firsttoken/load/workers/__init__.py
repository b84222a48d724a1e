"""Many load processes: the master, its workers, and what they send each other."""
