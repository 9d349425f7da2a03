"""What :mod:`contexta.contract.coerce` is made of, one kind of value per file."""
