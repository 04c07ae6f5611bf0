"""Pages of the halls (大厅页面): visiting, appointments, windows and reception, managing, kiosks."""
