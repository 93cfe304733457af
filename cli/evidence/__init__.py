"""What was built, told to other people's programs: bills of materials and provenance."""
