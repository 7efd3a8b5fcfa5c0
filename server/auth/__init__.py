"""Who is let in, as whom, and to what: tokens, keys, tickets, and what one user may have."""
