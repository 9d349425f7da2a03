"""Former home of the facade; import `Contexta` from `contexta`."""
