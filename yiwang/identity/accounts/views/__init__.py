"""Pages of accounts (账户页面): signing in, one's own account, civil servants' accounts."""
