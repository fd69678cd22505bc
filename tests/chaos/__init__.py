"""Chaos: a whole installation under faults that are drawn from a seed.

plan      seed -> what breaks when; pure
proxy     stands between a process and a server: cuts, swallows, holds back
place     the installation that is broken: three workers, the web, servers and proxies of its own
blows     the doing: a small function for each kind of fault
doubling  every job of the broker comes twice
clients   who submits, answers, and puts senders back that a provider's answer paused
judge     what was promised against what the provider, the ledger and Redis say
run       one run, from the plan to the verdict; `make chaos` and the short form in the suite
"""
