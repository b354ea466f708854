"""What Signalbox does: one concept per pair of files, a module and its statements."""
