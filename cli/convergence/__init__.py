"""What `chx bootstrap` reads, collects and draws."""
