"""What turns texts into token ids: one file an engine, and the choice of one."""
