"""The database: connections, statements, schema, and the embedded server."""
