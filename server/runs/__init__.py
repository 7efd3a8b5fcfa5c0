"""Runs that outlive connections and processes: their logs, who writes them, who reads them, and where they are kept.

In reading order: an `Entry` is one event of a `Log`; a `Run` fills a log from a chain; a `Store` keeps an ordered copy
of it beyond this process, which a `Writer` brings up to date and a `StoreReader` reads elsewhere. An `Owner` has this
worker's runs, `Tending` looks after them, and `Runs` is the door.
"""
