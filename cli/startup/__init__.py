"""Fast start of commands."""
