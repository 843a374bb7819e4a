"""What several loaders share: containers, encodings, markup, layout."""
