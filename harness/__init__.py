"""Runs every rung fairly on the same held-out set; scores, compares, stores."""
