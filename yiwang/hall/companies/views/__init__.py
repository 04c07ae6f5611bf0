"""Pages of registration (商事登记页面)."""
