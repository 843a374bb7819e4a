"""Loaders of documents: one module a family of formats.

A module here declares `LOADER`, a `rag.reading.file.Loader`; that is all it takes to add a format.
What several of them share stands in `rag/reading/`.
"""
