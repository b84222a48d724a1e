"""What a run will do, worked out before it is done. Pure: a scenario and what has happened give what comes next."""
