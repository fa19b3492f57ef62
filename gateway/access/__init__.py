"""Who asks, with which grant."""
