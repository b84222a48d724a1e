"""One attempt through the openai package: the twin of `wire/`, with the same rows."""
