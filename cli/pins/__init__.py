"""`chx.lock`: inputs and outputs pinned by content, see docs/lock.md."""
