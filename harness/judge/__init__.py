"""A language model as judge of open answers: off by default, checked against people, never alone.

Its figures stand beside the headline metric and are no part of a verdict.
"""
