"""Contents of files kept under a path of their digest (按摘要存放的内容): whole or not at all, however many come at once."""
