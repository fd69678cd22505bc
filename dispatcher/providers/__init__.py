"""The outside systems, a folder each. Read `contract` first, then `uazapi` as the model of a provider."""
