"""Pages of the catalogue (目录): for everyone, for a department's steward, for reviewers."""
