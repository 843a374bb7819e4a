"""Retrieval on plain types: load documents, chunk, embed, index, search, cite."""
