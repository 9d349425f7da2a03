"""For those who test stores, or write one."""
