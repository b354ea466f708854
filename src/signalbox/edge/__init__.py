"""How callers reach it: each edge is a loop over the catalog."""
