"""The routes: one module for the chains, one for live runs, one for the server itself."""
