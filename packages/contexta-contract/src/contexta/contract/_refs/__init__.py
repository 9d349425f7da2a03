"""What :mod:`contexta.contract.refs` is made of: the type, its field rules, and slugs."""
