"""`dispatcher demo`: a throwaway installation sends the seeds' payloads through the four dialects and is checked.

Read `command` (the order of events), then `posts` (what is sent and what must arrive), `watch`, `verdict`.
"""
