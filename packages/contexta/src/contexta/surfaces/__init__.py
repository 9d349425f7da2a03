"""The surfaces under their old paths; each module hands on what lives elsewhere."""
