"""Runs that outlive connections, deploys and workers: real servers, real Redis, real nginx, real signals."""
