"""How a command shows what happens while it works."""
