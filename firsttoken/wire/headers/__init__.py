"""What the head of an answer says, by one table of names for every vendor. Pure."""
