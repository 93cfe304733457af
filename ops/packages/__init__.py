"""Package sets: which packages there are, and what is known of them."""
