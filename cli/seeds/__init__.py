"""What `chx seed update` does: `pins` asks apt and pip, `host` captures this machine's own compiler."""
