"""Measurements beside stock parts, each a script of its own."""
