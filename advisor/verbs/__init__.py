"""Verbs of the command line, one a file: each module declares `VERB`."""
