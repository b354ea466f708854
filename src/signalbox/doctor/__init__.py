"""The doctor: what may be wrong between a client and its server, or on a server, and how it is mended."""
