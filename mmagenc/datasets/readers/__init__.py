"""One file per published format."""
