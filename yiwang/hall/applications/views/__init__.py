"""Pages of applications (办件页面): translate, make one call, translate back."""
