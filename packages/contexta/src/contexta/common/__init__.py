"""Small helpers at their old places; new code imports from the public parts instead."""
