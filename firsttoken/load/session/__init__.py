"""A run inside one process: its users, its requests and its journal."""
