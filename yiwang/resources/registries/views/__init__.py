"""Pages of the registries (基础库): one's own data; for staff lookup, subjects, lineage, versions."""
