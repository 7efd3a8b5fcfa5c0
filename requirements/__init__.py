"""The locks, and what is said about them: under which licences they stand, and what was installed from them."""
