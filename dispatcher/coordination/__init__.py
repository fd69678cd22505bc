"""Redis: the lane clock, the contact locks, and waking pacers. Read `keys` first, then `laneclock`.

Everything here can be rebuilt from the ledger (`rebuild`); until it is, nothing is released.
"""
