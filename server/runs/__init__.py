"""Runs that outlive connections and processes: their logs, who writes them, who reads them, and where they are kept.

In reading order: an `Entry` is one event of a `Log`; a `Run` fills a log from a chain; a `Store` keeps an ordered copy
of it beyond this process, which a `Writer` brings up to date and a `Mirror` reads elsewhere; `Runs` is the door.
"""
