"""Writes of bundles (一件事): drafts, submission, what happens afterwards."""
