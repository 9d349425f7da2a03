"""What the public modules ``extensions`` and ``registry`` are made of."""
