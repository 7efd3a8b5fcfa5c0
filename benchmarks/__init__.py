"""What the server costs and how quick it is, measured through the whole stack. Run by hand; tests assert no times."""
