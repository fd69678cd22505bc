"""More than the system can do at once, on real processes: `make overload`, and its short form in the suite.

crowd    clients on every kind of route at once            web.py
storm    webhooks as fast as they come                     web.py
queue    one huge campaign, and small ones after it        work.py
jobs     many jobs through one worker                      work.py
"""
