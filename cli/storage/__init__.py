"""Actions of `chx store`."""
