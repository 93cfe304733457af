"""Where objects come from: provenance statements and bills of materials."""
