"""Bootstrap reports as text and HTML."""
