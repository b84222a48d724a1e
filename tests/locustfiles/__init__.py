"""Behaviours that users begin with, each driven to rows."""
