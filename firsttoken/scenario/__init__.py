"""Scenarios: one TOML file each, read, held against its rules, and what follows from it before anything is sent."""
