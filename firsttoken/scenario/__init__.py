"""Scenarios: one TOML file each, read, checked against its rules, and what follows from it before anything is sent."""
