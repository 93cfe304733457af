"""Values as text, HTML and JSON."""
