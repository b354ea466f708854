"""The bridge: a remote Signalbox for programs that speak MCP on standard input and output, and doorbells for a session.

It is a client like any other: it imports nothing of the server.
"""
