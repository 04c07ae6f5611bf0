"""What is pure of designing forms: edits, checks, differences, files."""
