"""The front end for LiteRT files."""
