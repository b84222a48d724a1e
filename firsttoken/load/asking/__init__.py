"""What a request asks and what a behaviour gets for it: composed from the scenario, answered, and read."""
