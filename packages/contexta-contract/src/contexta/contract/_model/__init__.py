"""What every model shares: construction, reading, writing and the cheap trusted path."""
