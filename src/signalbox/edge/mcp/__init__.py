"""MCP over Streamable HTTP, both eras on one endpoint, and over stdio: the catalog as MCP tools.

server.py     the catalog as an MCP server of the SDK, whatever the transport
endpoint.py   `/mcp`: authenticates each request and decides who answers it
calls.py      a tool's call, answered without the SDK
messages.py   what a message is, before anybody answers it
sessions.py   ids of handshake-era sessions, which any worker can check
streams.py    responses that stay open: what has changed of tools and documents
resources.py  the documents of a project as resources
channel.py    `/channel/mcp`: doorbells
"""

from signalbox.edge.mcp.channel import ChannelEndpoint
from signalbox.edge.mcp.endpoint import McpEndpoint
from signalbox.edge.mcp.server import caller_with_token, create_server

__all__ = ["ChannelEndpoint", "McpEndpoint", "caller_with_token", "create_server"]
