"""Router of the browser app."""
