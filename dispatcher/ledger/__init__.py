"""PostgreSQL: every message, campaign and lock, written down. Redis can be rebuilt from here.

Read `tables` for what is kept and why it is indexed so, `engine` for the one door to the server, then a
subject: `accept` and `campaigns`, `messages` (claim and settle), `locks`, `inbound`. One statement a step.
"""
