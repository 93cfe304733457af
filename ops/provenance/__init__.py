"""Provenance of objects: signed statements and bills of materials."""
