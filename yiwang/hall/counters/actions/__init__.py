"""What may happen in a hall (大厅操作): setting up, appointments, tickets, windows."""
