"""What the JSON of an answer says, by one table of names for every vendor: errors, counts, the author. Pure."""
