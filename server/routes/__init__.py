"""The routes: one module for the chains, one for the server itself."""
